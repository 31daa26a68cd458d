import { type Mcl, openMcl } from "./mcl.ts";

/** Of a field element, a scalar, and an element of the pairing's group as mcl was compiled. */
const FP = 48;
const FR = 32;
const GT = 12 * FP;
const COMPILED_FOR = 46;
/** The map of RFC 9380. */
const HASH_TO_CURVE = 5;

export type CurveForm = {
  /** mcl's number of the curve. */
  readonly id: 4 | 5;
  /** The field's prime, big-endian. */
  readonly prime: Uint8Array;
  /** Bytes of a coordinate as precompiles have it: big-endian behind zeros. */
  readonly coordinateBytes: 32 | 64;
  /** Whether the imaginary part of a coordinate of the second group comes first. */
  readonly imaginaryFirst: boolean;
};

/** One of the two groups: points by the slot that they are in. */
export type PointGroup = {
  readonly pointBytes: number;
  /** False where it is no point of the curve; it need not be of the group's order. (0, 0) is infinity. */
  load(slot: number, bytes: Uint8Array): boolean;
  store(slot: number): Uint8Array;
  isInfinity(slot: number): boolean;
  inSubgroup(slot: number): boolean;
  add(to: number, a: number, b: number): void;
  negate(slot: number): void;
  /** Into slot `to`: the sum of the first `count` points, each times the scalar of its slot. Points are of the order. */
  sumOfProducts(to: number, count: number): void;
};

/** A point of the second group that was prepared for pairings: where that lies. */
export type Prepared = number & { readonly prepared: true };

/** Points and scalars that there is room for; a few slots of points beyond serve sums. */
export const SLOTS = 128;
const SPARE = 4;

/**
 * A curve with a pairing, by mcl in WebAssembly. Whether what comes in is canonical and on the curve is decided here or
 * asked for explicitly; mcl computes. Not reentrant: its slots are its only memory.
 */
export class PairingCurve {
  readonly g1: PointGroup;
  readonly g2: PointGroup;
  readonly #mcl: Mcl;
  readonly #form: CurveForm;
  readonly #points1: number;
  readonly #points2: number;
  readonly #scalars: number;
  readonly #scratch: number;
  readonly #product: number;
  readonly #factor: number;

  private constructor(mcl: Mcl, form: CurveForm) {
    this.#mcl = mcl;
    this.#form = form;
    this.#points1 = mcl._malloc((SLOTS + SPARE) * 3 * FP);
    this.#points2 = mcl._malloc((SLOTS + SPARE) * 6 * FP);
    this.#scalars = mcl._malloc(SLOTS * FR);
    this.#scratch = mcl._malloc(8 * FP);
    this.#product = mcl._malloc(GT);
    this.#factor = mcl._malloc(GT);
    this.g1 = this.#group("G1", this.#points1, 1);
    this.g2 = this.#group("G2", this.#points2, 2);
  }

  /** An instance of its own: mcl computes on one curve at a time. */
  static open(form: CurveForm): PairingCurve {
    const mcl = openMcl();
    if (mcl._mclBn_init(form.id, COMPILED_FOR) !== 0) throw new Error("mcl does not know the curve");
    // Of the order only where it is asked for.
    mcl._mclBn_verifyOrderG1(0);
    mcl._mclBn_verifyOrderG2(0);
    if (form.id === 5 && mcl._mclBn_setMapToMode(HASH_TO_CURVE) !== 0) throw new Error("mcl lacks the map of RFC 9380");
    return new PairingCurve(mcl, form);
  }

  #group(name: "G1" | "G2", points: number, degree: 1 | 2): PointGroup {
    const mcl = this.#mcl;
    const { coordinateBytes } = this.#form;
    const size = 3 * degree * FP;
    const at = (slot: number): number => points + slot * size;
    const pointBytes = 2 * degree * coordinateBytes;
    return {
      pointBytes,
      load: (slot, bytes) => {
        const to = at(slot);
        if (isZero(bytes)) {
          mcl[`_mclBn${name}_clear`](to);
          return true;
        }
        for (let i = 0; i < 2 * degree; i++) {
          if (!this.#loadField(to + this.#place(i, degree), bytes, i * coordinateBytes)) return false;
        }
        mcl._mclBnFp_setInt32(to + 2 * degree * FP, 1);
        if (degree === 2) mcl._mclBnFp_setInt32(to + 5 * FP, 0);
        return mcl[`_mclBn${name}_isValid`](to) === 1;
      },
      store: (slot) => {
        const bytes = new Uint8Array(pointBytes);
        const from = at(slot);
        if (mcl[`_mclBn${name}_isZero`](from) === 1) return bytes;
        mcl[`_mclBn${name}_normalize`](from, from);
        for (let i = 0; i < 2 * degree; i++)
          this.#storeField(from + this.#place(i, degree), bytes, i * coordinateBytes);
        return bytes;
      },
      isInfinity: (slot) => mcl[`_mclBn${name}_isZero`](at(slot)) === 1,
      inSubgroup: (slot) => mcl[`_mclBn${name}_isValidOrder`](at(slot)) === 1,
      add: (to, a, b) => mcl[`_mclBn${name}_add`](at(to), at(a), at(b)),
      negate: (slot) => mcl[`_mclBn${name}_neg`](at(slot), at(slot)),
      sumOfProducts: (to, count) => {
        if (count === 1) mcl[`_mclBn${name}_mul`](at(to), points, this.#scalars);
        else mcl[`_mclBn${name}_mulVec`](at(to), points, this.#scalars, count);
      },
    };
  }

  /** Where in a point the i-th number of its encoding lies; mcl has the real part first. */
  #place(i: number, degree: 1 | 2): number {
    return (degree === 2 && this.#form.imaginaryFirst ? i ^ 1 : i) * FP;
  }

  /** False where it is not below the prime. */
  #loadField(to: number, bytes: Uint8Array, from: number): boolean {
    const { prime, coordinateBytes } = this.#form;
    const start = from + coordinateBytes - prime.length;
    for (let i = from; i < start; i++) if (bytes[i] !== 0) return false;
    if (Buffer.compare(bytes.subarray(start, start + prime.length), prime) >= 0) return false;
    const heap = this.#mcl.HEAP8;
    const last = start + prime.length - 1;
    for (let i = 0; i < prime.length; i++) heap[this.#scratch + i] = bytes[last - i] ?? 0;
    return this.#mcl._mclBnFp_setLittleEndian(to, this.#scratch, prime.length) === 0;
  }

  #storeField(from: number, bytes: Uint8Array, to: number): void {
    const { coordinateBytes } = this.#form;
    const length = this.#mcl._mclBnFp_getLittleEndian(this.#scratch, FP, from);
    const heap = this.#mcl.HEAP8;
    const last = to + coordinateBytes - 1;
    for (let i = 0; i < length; i++) bytes[last - i] = heap[this.#scratch + i] ?? 0;
  }

  /** Big-endian, of any size up to 32 bytes; reduced by the group's order. */
  loadScalar(slot: number, bytes: Uint8Array): void {
    this.#mcl.HEAP8.set(bytes, this.#scratch);
    this.#mcl._mclBnFr_setBigEndianMod(this.#scalars + slot * FR, this.#scratch, bytes.length);
  }

  /**
   * The point of the first group whose x is `coordinate` and whose y is the larger of two exactly if `larger`; false
   * where the curve has none. Of a curve y^2 = x^3 + `constant`.
   */
  loadCompressed(slot: number, coordinate: Uint8Array, larger: boolean, constant: number): boolean {
    const mcl = this.#mcl;
    const x = this.#points1 + slot * 3 * FP;
    const y = x + FP;
    const z = y + FP;
    if (!this.#loadField(x, coordinate, 0)) return false;
    mcl._mclBnFp_mul(y, x, x);
    mcl._mclBnFp_mul(y, y, x);
    mcl._mclBnFp_setInt32(z, constant);
    mcl._mclBnFp_add(y, y, z);
    if (mcl._mclBnFp_squareRoot(y, y) !== 0) return false;
    mcl._mclBnFp_neg(z, y);
    const [own, other] = [y, z].map((at) => {
      const bytes = new Uint8Array(this.#form.coordinateBytes);
      this.#storeField(at, bytes, 0);
      return bytes;
    }) as [Uint8Array, Uint8Array];
    if (Buffer.compare(own, other) > 0 !== larger) mcl._mclBnFp_neg(y, y);
    mcl._mclBnFp_setInt32(z, 1);
    return true;
  }

  /** Into a slot of the first group: the map of RFC 9380 of one coordinate. False where it is not below the prime. */
  mapToG1(slot: number, coordinate: Uint8Array): boolean {
    const at = this.#scratch + FP;
    if (!this.#loadField(at, coordinate, 0)) return false;
    return this.#mcl._mclBnFp_mapToG1(this.#points1 + slot * 3 * FP, at) === 0;
  }

  /** As `mapToG1`, of the real and then the imaginary part. */
  mapToG2(slot: number, coordinates: Uint8Array): boolean {
    const at = this.#scratch + FP;
    for (let i = 0; i < 2; i++) {
      if (!this.#loadField(at + i * FP, coordinates, i * this.#form.coordinateBytes)) return false;
    }
    return this.#mcl._mclBnFp2_mapToG2(this.#points2 + slot * 6 * FP, at) === 0;
  }

  /** Begins a product of pairings. */
  beginProduct(): void {
    this.#mcl._mclBnGT_setInt32(this.#product, 1);
  }

  /** Multiplies the product by the pairings of the first `count` slots, none of which is infinity. */
  multiplyPairings(count: number): void {
    if (count === 0) return;
    const mcl = this.#mcl;
    mcl._mclBn_millerLoopVec(this.#factor, this.#points1, this.#points2, count);
    mcl._mclBnGT_mul(this.#product, this.#product, this.#factor);
  }

  /** What a pairing needs of the second group's point in `slot`, for points that never change. */
  prepare(slot: number): Prepared {
    const at = this.#mcl._malloc(8 * this.#mcl._mclBn_getUint64NumToPrecompute());
    this.#mcl._mclBn_precomputeG2(at, this.#points2 + slot * 6 * FP);
    return at as Prepared;
  }

  /** Multiplies the product by the pairings of the first group's slots 0 and 1, not infinity, with two points. */
  multiplyPrepared(first: Prepared, second: Prepared): void {
    const mcl = this.#mcl;
    mcl._mclBn_precomputedMillerLoop2(this.#factor, this.#points1, first, this.#points1 + 3 * FP, second);
    mcl._mclBnGT_mul(this.#product, this.#product, this.#factor);
  }

  productIsOne(): boolean {
    this.#mcl._mclBn_finalExp(this.#factor, this.#product);
    return this.#mcl._mclBnGT_isOne(this.#factor) === 1;
  }
}

/** A curve that is opened when it is asked for: few chains ever do, and a node's start is not to wait for it. */
export function pairingCurve(form: CurveForm): () => PairingCurve {
  let curve: PairingCurve | undefined;
  return () => {
    curve ??= PairingCurve.open(form);
    return curve;
  };
}

function isZero(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte !== 0) return false;
  return true;
}
