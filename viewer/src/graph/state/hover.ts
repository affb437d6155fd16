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

/**
 * Handlers that hover something while the pointer is on it. The pointer must move first: what a
 * new list or drawing puts under a resting pointer was not pointed at.
 */
export function whilePointed(on: () => void, off: () => void) {
  return {
    onPointerMove: (event: { movementX: number; movementY: number }) => {
      if (event.movementX !== 0 || event.movementY !== 0) on();
    },
    onPointerLeave: off,
  };
}
