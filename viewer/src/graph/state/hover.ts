/** Which node the pointer is on, shared by drawings and lists without drawing the page anew. */

export class Hover {
  private node = -1;
  private listeners = new Set<(node: number) => void>();

  set(node: number): void {
    if (node === this.node) return;
    this.node = node;
    for (const listener of this.listeners) listener(node);
  }

  subscribe(listener: (node: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
