// The JSON of a trace as `html.py` writes it; for the type check alone, no part of the page.

/** The number of a value in `Data.values`. */
type ValueNumber = number;

/** A value (its number), or an operation, its arguments and, last, what is fixed in it. */
type Expression = ValueNumber | (string | Expression | Fixed)[];
type Fixed = { f: (number | string)[] };

/** Fields that are empty are left out of the JSON. */
interface Value {
  /** Id, as in `dh.2`. */
  i: string;
  /** Name as text. */
  s: string;
  /** Parts of the name: gradient, letter, below, above, accent, step of a share. */
  n: [boolean | number, string, string, string, string, (number | null)?];
  /** "forward", "backward" or "update". */
  p: string;
  t?: number;
  /** Example. */
  e?: number;
  /** Layer, and 1 where it reads from right to left. */
  at: [number, number];
  /** Shape. */
  h: number[];
  /** Entries at full precision, and as they are printed. */
  v: number[];
  d: string[];
  /** How it was made; nothing for a value that is given. */
  x?: Expression;
  /** The value that this is the gradient of. */
  o?: ValueNumber;
  r: string;
  /** Entries that the printed operands do not reproduce. */
  m?: number[];
  /** 1 where the printed numbers are exact. */
  g: number;
  /** Where a gradient was sent from, in words. */
  c?: string;
  /** Numbers that each arrow brings back, by its way. */
  w?: Record<string, string[]>;
}

interface Section {
  kind: string;
  title: string;
  example?: number;
  lines: ValueNumber[];
}

interface Data {
  values: Value[];
  sections: Section[];
  [name: string]: any;
}

interface Step {
  v: ValueNumber;
  section: Section;
  line?: HTMLElement;
}

/** A sign or a word; with `v` and `k` a printed number and the entry that it is. */
interface Token {
  s: string;
  v?: ValueNumber;
  k?: number;
}
