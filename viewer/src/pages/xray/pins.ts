/** Features that are pinned, as they stand in the address: 0/12,3/4. */
export interface Pin {
  encoder: number;
  feature: number;
}

export function keyOf({ encoder, feature }: Pin): string {
  return `${encoder}/${feature}`;
}

export function parsePins(text: string): Pin[] {
  return text.split(',').flatMap((part) => {
    const match = /^(\d+)\/(\d+)$/.exec(part);
    return match ? [{ encoder: Number(match[1]), feature: Number(match[2]) }] : [];
  });
}

export function writePins(pins: Pin[]): string {
  return pins.map(keyOf).join(',');
}
