/** Colours of the drawing, from the theme's tokens. */

import type { Colours } from '../../theme/theme';
import { BIAS, DIRECTION, ERROR, FEATURE, LOGIT, TOKEN } from '../model/graph';

export interface Palette {
  page: string;
  ink: string;
  soft: string;
  faint: string;
  line: string;
  accent: string;
  wash: string;
  positive: string;
  negative: string;
  /** Marks what only one of two graphs has. */
  mark: string;
  pill: string;
}

export function paletteOf(colours: Colours): Palette {
  return {
    page: colours.surface,
    ink: colours.ink,
    soft: colours.soft,
    faint: colours.faint,
    line: colours.line,
    accent: colours.accent,
    wash: colours['accent-wash'],
    positive: colours.positive,
    negative: colours.negative,
    mark: colours.warn,
    pill: colours.raised,
  };
}

export interface Paint {
  fill: string;
  stroke: string;
}

/** Kinds are told apart by shape; colour only supports it. */
export function paintOf(palette: Palette, kind: number): Paint {
  switch (kind) {
    case FEATURE:
      return { fill: palette.wash, stroke: palette.accent };
    case TOKEN:
      return { fill: palette.ink, stroke: palette.ink };
    case LOGIT:
    case DIRECTION:
      return { fill: palette.accent, stroke: palette.accent };
    case ERROR:
      return { fill: palette.page, stroke: palette.soft };
    case BIAS:
      return { fill: palette.faint, stroke: palette.soft };
    default:
      return { fill: palette.page, stroke: palette.faint };
  }
}
