/** The script of the stand-alone page: the same app, with the log that the page embeds. */
import { start } from "./start";

void start();
