/** Remembers what was made of objects most recently, a fixed number of things; of an object that is gone, nothing. */

export class Recent<T> {
  #ids = new WeakMap<object, number>();
  #next = 0;
  /** In order of use, the oldest first. */
  #made = new Map<string, T>();

  constructor(readonly most: number) {}

  /** What `make` made of `object` before, or makes now. `part` names one of several things made of the same object. */
  get(object: object, make: () => T, part = ""): T {
    let id = this.#ids.get(object);
    if (id === undefined) this.#ids.set(object, (id = this.#next++));
    const key = `${id} ${part}`;
    const value = this.#made.has(key) ? this.#made.get(key)! : make();
    this.#made.delete(key);
    this.#made.set(key, value);
    if (this.#made.size > this.most) this.#made.delete(this.#made.keys().next().value!);
    return value;
  }
}
