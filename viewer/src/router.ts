/** Addresses of pages: everything behind the `#`. */

export type Route =
  | { page: 'library' }
  | { page: 'atlas'; id: string }
  | { page: 'map'; id: string }
  | { page: 'feature'; id: string; encoder: number; feature: number }
  | { page: 'xray'; id: string }
  | { page: 'heads'; id: string }
  | { page: 'steer' }
  | { page: 'graph'; id: string }
  | { page: 'compare'; id: string; other: string }
  | { page: 'run'; id: string }
  | { page: 'evaluation'; id: string }
  | { page: 'unknown'; path: string };

export interface Address {
  route: Route;
  query: URLSearchParams;
}

export function parseAddress(hash: string): Address {
  const text = hash.replace(/^#\/?/, '');
  const at = text.indexOf('?');
  const path = at < 0 ? text : text.slice(0, at);
  const query = new URLSearchParams(at < 0 ? '' : text.slice(at + 1));
  const parts = path.split('/').filter(Boolean).map(decoded);
  return { route: routeOf(parts) ?? { page: 'unknown', path }, query };
}

function routeOf([page, id, third, fourth, ...rest]: string[]): Route | undefined {
  if (page === undefined) return { page: 'library' };
  if (rest.length) return undefined;
  if (page === 'steer' && id === undefined) return { page: 'steer' };
  if ((page === 'xray' || page === 'heads') && third === undefined) return { page, id: id ?? '' };
  if (id === undefined) return undefined;
  if (page === 'atlas') return atlasRoute(id, third, fourth);
  if (page === 'graph' && third === 'vs' && fourth) return { page: 'compare', id, other: fourth };
  if (third !== undefined) return undefined;
  if (page === 'graph' || page === 'run' || page === 'evaluation') return { page, id };
  return undefined;
}

function atlasRoute(id: string, third?: string, fourth?: string): Route | undefined {
  if (third === undefined) return { page: 'atlas', id };
  if (third === 'map' && fourth === undefined) return { page: 'map', id };
  const encoder = Number(third);
  const feature = Number(fourth);
  const whole = Number.isInteger(encoder) && Number.isInteger(feature) && fourth !== undefined;
  return whole && encoder >= 0 && feature >= 0
    ? { page: 'feature', id, encoder, feature }
    : undefined;
}

/** A part as it was typed where it is no valid encoding, so that the page can say what is wrong. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export type Query = Record<string, string | number | null | undefined>;

/** The address of a page; parameters that are null, undefined or empty are left out. */
export function href(route: Route, query: Query = {}): string {
  const given = Object.entries(query).filter(([, v]) => v !== null && v !== undefined && v !== '');
  const text = new URLSearchParams(given.map(([k, v]) => [k, String(v)])).toString();
  return `#/${pathOf(route)}${text ? `?${text}` : ''}`;
}

function pathOf(route: Route): string {
  const e = encodeURIComponent;
  switch (route.page) {
    case 'library':
      return '';
    case 'steer':
      return 'steer';
    case 'unknown':
      return route.path;
    case 'map':
      return `atlas/${e(route.id)}/map`;
    case 'feature':
      return `atlas/${e(route.id)}/${route.encoder}/${route.feature}`;
    case 'compare':
      return `graph/${e(route.id)}/vs/${e(route.other)}`;
    default:
      return route.id ? `${route.page}/${e(route.id)}` : route.page;
  }
}
