/** The documents of a graph, by the names that they have here. */

import type { components } from '../../schema';

export type GraphView = components['schemas']['GraphView'];
export type ViewState = components['schemas']['ViewState'];
export type Supernode = components['schemas']['Supernode'];
