/** TensorBoard's Reload button and its auto-reload. Its plugin library is not published; these are the lines needed of it. */

import { STANDALONE } from "./standalone";

interface Message {
  type?: string;
  id?: number;
  isReply?: boolean;
}

export function onDataReloaded(reloaded: () => void): void {
  if (STANDALONE || parent === window) return;
  const channel = new MessageChannel();
  channel.port1.onmessage = (event: MessageEvent<unknown>) => {
    let message: Message;
    try {
      message = JSON.parse(String(event.data)) as Message;
    } catch {
      return;
    }
    if (message.isReply) return;
    if (message.type === "experimental.DataReloaded") reloaded();
    // The host waits for an answer to each of its messages.
    channel.port1.postMessage(
      JSON.stringify({ type: message.type, id: message.id, payload: null, error: null, isReply: true }),
    );
  };
  parent.postMessage("experimental.bootstrap", "*", [channel.port2]);
}
