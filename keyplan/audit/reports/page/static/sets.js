// Sets of numbers as bits, and grades: three sets, each within the next (allow; or conditional; or unknown).

const DENY = 0, UNKNOWN = 1, CONDITIONAL = 2, ALLOW = 3;
const WORDS = ["deny", "unknown", "conditional", "allow"];

class Bits {
  constructor(size) {
    this.words = new Uint32Array((size + 31) >>> 5);
  }

  // The lengths of runs in base 36: out, in, out, in, and so on; or after `=` the bits in base 64.
  static read(text, size) {
    const found = new Bits(size);
    if (text.startsWith("=")) {
      [...atob(text.slice(1))].forEach((byte, at) => {
        found.words[at >>> 2] |= byte.charCodeAt(0) << (8 * (at & 3));
      });
      return found;
    }
    let at = 0, inside = false;
    for (const run of text ? text.split(" ") : []) {
      const end = at + parseInt(run, 36);
      if (inside) while (at < end) found.add(at++);
      at = end;
      inside = !inside;
    }
    return found;
  }

  has(number) {
    return ((this.words[number >>> 5] >>> (number & 31)) & 1) === 1;
  }

  add(number) {
    this.words[number >>> 5] |= 1 << (number & 31);
  }

  copy() {
    const found = new Bits(0);
    found.words = this.words.slice();
    return found;
  }

  and(other) {
    const found = this.copy();
    for (let at = 0; at < found.words.length; at++) found.words[at] &= other.words[at];
    return found;
  }

  without(other) {
    const found = this.copy();
    for (let at = 0; at < found.words.length; at++) found.words[at] &= ~other.words[at];
    return found;
  }

  join(other) {
    for (let at = 0; at < this.words.length; at++) this.words[at] |= other.words[at];
    return this;
  }

  *[Symbol.iterator]() {
    for (let at = 0; at < this.words.length; at++) {
      for (let word = this.words[at]; word; word &= word - 1) {
        yield at * 32 + 31 - Math.clz32(word & -word);
      }
    }
  }

  get size() {
    let found = 0;
    for (const word of this.words) {
      let pairs = word - ((word >>> 1) & 0x55555555);
      pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
      found += Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    }
    return found;
  }
}

// The grades of a table, read when they are asked for.
class GradesTable {
  constructor(table, size) {
    this.table = table;
    this.size = size;
    this.read = [];
  }

  set(number) {
    return (this.read[number] ??= Bits.read(this.table.sets[number], this.size));
  }

  // Those that have at least this verdict.
  at(grades, verdict) {
    return this.set(this.table.grades[grades][ALLOW - verdict]);
  }

  verdict(grades, position) {
    for (const verdict of [ALLOW, CONDITIONAL, UNKNOWN]) {
      if (this.at(grades, verdict).has(position)) return verdict;
    }
    return DENY;
  }

  // Those that have this verdict and no better one.
  exactly(grades, verdict) {
    const found = this.at(grades, verdict);
    return verdict === ALLOW ? found : found.without(this.at(grades, verdict + 1));
  }
}
