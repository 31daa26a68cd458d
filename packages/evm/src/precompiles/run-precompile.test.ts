import { createHash } from "node:crypto";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import { bn254 } from "@noble/curves/bn254.js";
import { describe, expect, test } from "vitest";
import { msmCost } from "./bls12-381.ts";
import { msmDiscountG1, msmDiscountG2 } from "./bls12-381-discounts.ts";
import { fromBigInt, toBigInt } from "./bytes.ts";
import { activePrecompiles, runPrecompile } from "./run-precompile.ts";

const plenty = 10n ** 9n;

function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));
}

/** The output in hexadecimal, or "failed". */
function output(id: number, input: string | Uint8Array, fork: "cancun" | "prague" | "osaka" = "osaka"): string {
  const result = runPrecompile(id, typeof input === "string" ? hex(input) : input, plenty, fork);
  return result.ok ? Buffer.from(result.output).toString("hex") : "failed";
}

function gas(id: number, input: Uint8Array, fork: "cancun" | "prague" | "osaka" = "osaka"): bigint {
  return runPrecompile(id, input, plenty, fork).gasUsed;
}

function word(value: bigint | number): string {
  return BigInt(value).toString(16).padStart(64, "0");
}

describe("by fork", () => {
  test("the addresses", () => {
    expect(activePrecompiles("cancun")).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(activePrecompiles("prague").slice(10)).toEqual([11, 12, 13, 14, 15, 16, 17]);
    expect(activePrecompiles("osaka").slice(17)).toEqual([0x100]);
    expect(() => runPrecompile(0x100, hex(""), plenty, "prague")).toThrow(RangeError);
  });

  test("too little gas takes all of it and computes nothing", () => {
    expect(runPrecompile(4, hex("00"), 17n, "cancun")).toEqual({ ok: false, gasUsed: 17n, output: new Uint8Array(0) });
    expect(runPrecompile(4, hex("07"), 18n, "cancun")).toEqual({ ok: true, gasUsed: 18n, output: hex("07") });
  });
});

describe("ecrecover", () => {
  const digest = "456e9aea5e197a1f1af7a3e85a3212fa4049a3ba34c2289b4c860fc0b0c64ef3";
  const r = "9242685bf161793cc25603c231bc2f568eb630ea16aa137d2664ac8038825608";
  const s = "4f8ae3bd7535248d0bd448298cc2e2071e56992d0774dc340c368ae950852ada";
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const signer = "0000000000000000000000007156526fbd7a3c72969b54f64e42c10fbb768c8a";

  test("the signer, with a low s and with a high one", () => {
    expect(output(1, digest + word(28) + r + s)).toBe(signer);
    expect(output(1, digest + word(27) + r + word(order - BigInt(`0x${s}`)))).toBe(signer);
  });

  test("nothing for what is no signature", () => {
    expect(output(1, "")).toBe("");
    expect(output(1, digest + word(29) + r + s)).toBe("");
    expect(output(1, digest + word(28n + (1n << 248n)) + r + s)).toBe("");
    expect(output(1, digest + word(28) + word(0) + s)).toBe("");
    expect(output(1, digest + word(28) + word(order) + s)).toBe("");
    expect(output(1, digest + word(28) + r + word(order))).toBe("");
    // r = 5 is the x of no point.
    expect(output(1, digest + word(28) + word(5) + s)).toBe("");
  });
});

describe("hashes and identity", () => {
  test.each([0, 1, 55, 64, 191, 192, 193, 1000])("of %i bytes as OpenSSL has it", (length) => {
    const input = Uint8Array.from({ length }, (_, i) => (i * 7) & 255);
    expect(output(2, input)).toBe(createHash("sha256").update(input).digest("hex"));
    expect(output(4, input)).toBe(Buffer.from(input).toString("hex"));
    const words = BigInt(Math.ceil(length / 32));
    expect([2, 3, 4].map((id) => gas(id, input))).toEqual([60n + 12n * words, 600n + 120n * words, 15n + 3n * words]);
  });

  test("ripemd160", () => {
    expect(output(3, "")).toBe(`${"0".repeat(24)}9c1185a5c5e9fc54612808977ee8f548b2258d31`);
    expect(output(3, "616263")).toBe(`${"0".repeat(24)}8eb208f7e05d987a9b044a8e98c6b087f15a0bfc`);
  });
});

describe("modexp", () => {
  const prime = 2n ** 256n - 2n ** 32n - 977n;
  const fermat = `${word(1) + word(32) + word(32)}03${word(prime - 1n)}${word(prime)}`;

  test("EIP-198's examples", () => {
    expect(output(5, fermat)).toBe(word(1));
    expect(output(5, word(0) + word(32) + word(32) + word(prime - 1n) + word(prime))).toBe(word(0));
    // The modulus goes on with zeros behind the input.
    expect(output(5, `${word(1)}${word(2)}${word(32)}03ffff80`)).toBe(
      word(0x3b01b01ac41f2d6e917c6d6a221ce793802469026d9ab7578fa2e79e4da6aaabn),
    );
  });

  test("no modulus, modulus 0 and 1, exponent 0", () => {
    expect(output(5, "")).toBe("");
    expect(output(5, `${word(1)}${word(1)}${word(1)}030500`)).toBe("00");
    expect(output(5, `${word(1)}${word(1)}${word(1)}030001`)).toBe("00");
    expect(output(5, `${word(1)}${word(1)}${word(2)}00000007`)).toBe("0001");
    expect(output(5, word(0) + word(2n ** 255n) + word(0), "prague")).toBe("");
  });

  test("agrees with plain squaring", () => {
    for (let i = 1n; i < 40n; i++) {
      const [base, exponent, modulus] = [7n ** i, 13n ** i, 11n ** i + (i & 1n)];
      let expected = 1n;
      for (let bit = exponent, power = base; bit > 0n; bit >>= 1n, power = (power * power) % modulus) {
        if (bit & 1n) expected = (expected * power) % modulus;
      }
      expect(output(5, word(32) + word(32) + word(32) + word(base) + word(exponent) + word(modulus))).toBe(
        word(expected % modulus),
      );
    }
  });

  test("EIP-2565 and EIP-7883 price it", () => {
    expect(gas(5, hex(fermat), "prague")).toBe(1360n);
    expect(gas(5, hex(fermat), "osaka")).toBe(4080n);
    expect(gas(5, hex(""), "prague")).toBe(200n);
    expect(gas(5, hex(""), "osaka")).toBe(500n);
    const long = hex(word(64) + word(64) + word(64) + "ff".repeat(192));
    expect(gas(5, long, "prague")).toBe((64n * (8n * 32n + 255n)) / 3n);
    expect(gas(5, long, "osaka")).toBe(128n * (16n * 32n + 255n));
  });

  test("EIP-7823 bounds each operand", () => {
    for (const at of [0, 1, 2]) {
      const lengths = [1, 1, 1];
      lengths[at] = 1024;
      expect(output(5, lengths.map(word).join(""))).not.toBe("failed");
      lengths[at] = 1025;
      expect(output(5, lengths.map(word).join(""))).toBe("failed");
      expect(output(5, lengths.map(word).join(""), "prague")).not.toBe("failed");
    }
  });
});

describe("bn254", () => {
  const one = word(1) + word(2);
  const infinity = word(0) + word(0);
  const p = bn254.fields.Fp.ORDER;
  const g2 = (point: { x: { c0: bigint; c1: bigint }; y: { c0: bigint; c1: bigint } }): string =>
    word(point.x.c1) + word(point.x.c0) + word(point.y.c1) + word(point.y.c0);
  const g1 = (point: { x: bigint; y: bigint }): string => word(point.x) + word(point.y);

  test("EIP-196's sums and products", () => {
    expect(
      output(
        6,
        `18b18acfb4c2c30276db5411368e7185b311dd124691610c5d3b74034e093dc9063c909c4720840cb5134cb9f59fa749755796819658d32efc0d288198f37266
         07c2b7f58a84bd6145f00c9c2bc0bb1a187f20ff2c92963a88019e7c6a014eed06614e20c147e940f2d70da3f74c9a17df361706a4485c742bd6788478fa17d7`,
      ),
    ).toBe(
      "2243525c5efd4b9c3d3c45ac0ca3fe4dd85e830a4ce6b65fa1eeaee202839703301d1d33be6da8e509df21cc35964723180eed7532537db9ae5e7d48f195c915",
    );
    expect(
      output(
        7,
        `2bd3e6d0f3b142924f5ca7b49ce5b9d54c4703d7ae5648e61d02268b1a0a9fb721611ce0a6af85915e2f1d70300909ce2e49dfad4a4619c8390cae66cefdb204
         00000000000000000000000000000000000000000000000011138ce750fa15c2`,
      ),
    ).toBe(
      "070a8d6a982153cae4be29d434e8faef8a47b274a053f5a4ee2a6c9c13c31e5c031b8ce914eba3a9ffb989f9cdd5b0f01943074bf4f0f315690ec3cec6981afc",
    );
  });

  test("short input, infinity, opposite points, scalars beyond the order", () => {
    expect(output(6, "")).toBe(infinity);
    expect(output(6, one)).toBe(one);
    expect(output(6, one + g1({ x: 1n, y: p - 2n }))).toBe(infinity);
    expect(output(6, one + one)).toBe(output(7, one + word(2)));
    expect(output(7, one + word(bn254.fields.Fr.ORDER))).toBe(infinity);
    expect(output(7, one + word(bn254.fields.Fr.ORDER + 1n))).toBe(one);
    expect(output(7, `${one}${"ff".repeat(32)}`)).toBe(
      output(7, one + word((2n ** 256n - 1n) % bn254.fields.Fr.ORDER)),
    );
  });

  test("refuses what is no point", () => {
    expect(output(6, word(1) + word(1))).toBe("failed");
    expect(output(6, word(p + 1n) + word(2))).toBe("failed");
    expect(output(7, word(p) + word(p) + word(1))).toBe("failed");
  });

  test("pairings are bilinear", () => {
    const { G1, G2 } = bn254;
    const left = g1(G1.Point.BASE.multiply(6n).toAffine()) + g2(G2.Point.BASE.multiply(5n).toAffine());
    const right = g1(G1.Point.BASE.multiply(3n).negate().toAffine()) + g2(G2.Point.BASE.multiply(10n).toAffine());
    const wrong = g1(G1.Point.BASE.multiply(3n).negate().toAffine()) + g2(G2.Point.BASE.multiply(11n).toAffine());
    expect(output(8, left + right)).toBe(word(1));
    expect(output(8, left + wrong)).toBe(word(0));
    expect(output(8, "")).toBe(word(1));
    expect(output(8, "0".repeat(384))).toBe(word(1));
    expect(output(8, `${left}00`)).toBe("failed");
    expect(gas(8, hex(left + right))).toBe(113_000n);
  });

  test("a point of the twist outside the subgroup", () => {
    // Any x whose y exists: the twist has a cofactor, so that almost no such point is in the group.
    const { Fp2 } = bn254.fields;
    const b = Fp2.mul({ c0: 3n, c1: 0n }, Fp2.inv({ c0: 9n, c1: 1n }));
    let found = 0;
    for (let i = 1n; found < 2; i++) {
      const x = { c0: i, c1: 0n };
      let y: ReturnType<typeof Fp2.sqrt>;
      try {
        y = Fp2.sqrt(Fp2.add(Fp2.mul(Fp2.sqr(x), x), b));
      } catch {
        continue;
      }
      found++;
      expect(output(8, infinity + g2({ x, y }))).toBe("failed");
    }
  });
});

describe("blake2f", () => {
  const state = `48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5
                 d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b`;
  const rest = `616263${"0".repeat(250)}03${"0".repeat(30)}`;

  test("EIP-152's examples", () => {
    expect(output(9, `0000000c${state}${rest}01`)).toBe(createHash("blake2b512").update("abc").digest("hex"));
    expect(output(9, `00000000${state}${rest}01`)).toBe(
      "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b",
    );
    expect(output(9, `0000000c${state}${rest}00`)).toBe(
      "75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d2875298743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735",
    );
    expect(output(9, `00000001${state}${rest}01`)).toBe(
      "b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fba551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421",
    );
  });

  test("a gas a round; wrong lengths and flags fail", () => {
    expect(gas(9, hex(`0000000c${state}${rest}01`))).toBe(12n);
    expect(runPrecompile(9, hex(`ffffffff${state}${rest}01`), 1000n, "cancun").ok).toBe(false);
    expect(output(9, `0000000c${state}${rest}02`)).toBe("failed");
    expect(output(9, `0000000c${state}${rest}`)).toBe("failed");
    expect(output(9, "")).toBe("failed");
  });
});

describe("KZG point evaluation", () => {
  const example = `01e798154708fe7789429634053cbf9f99b619f9f084048927333fce637f549b
    564c0a11a0f704f4fc3e8acfe0f8245f0ad1347b378fbf96e206da11a5d36306
    24d25032e67a7e6a4910df5834b8fe70e6bcfeeac0352434196bdf4b2485d5a1
    8f59a8d2a1a625a17f3fea0fe5eb8c896db3764f3185481bc22f91b4aaffcca25f26936857bc3a7c2539ea8ec3a952b7
    873033e038326e87ed3e1276fd140253fa08e9fc25fb2d9a98527fc22a2c9612fbeafdad446cbc7bcdbdcd780af2c16a`;
  const success = word(4096) + word(bls12_381.fields.Fr.ORDER);

  test("a proof of EIP-4844", () => {
    expect(output(10, example)).toBe(success);
    expect(gas(10, hex(example))).toBe(50_000n);
  });

  test.each([0, 40, 70, 100, 150])("a changed byte %i fails", (at) => {
    const input = hex(example);
    input[at] = (input[at] ?? 0) ^ 1;
    expect(output(10, input)).toBe("failed");
  });

  test("constant polynomials", () => {
    for (const value of [0n, 5n]) {
      const { Point } = bls12_381.G1;
      const commitment = value === 0n ? Point.ZERO.toBytes() : Point.BASE.multiply(value).toBytes();
      const hash = createHash("sha256").update(commitment).digest();
      hash[0] = 1;
      const proof = Point.ZERO.toBytes();
      const at = (y: bigint): Uint8Array =>
        new Uint8Array(Buffer.concat([hash, fromBigInt(77n, 32), fromBigInt(y, 32), commitment, proof]));
      expect(output(10, at(value))).toBe(success);
      expect(output(10, at(value + 1n))).toBe("failed");
      expect(output(10, at(value + bls12_381.fields.Fr.ORDER))).toBe("failed");
    }
  });
});

describe("BLS12-381", () => {
  const { G1, G2, fields } = bls12_381;
  const fp = (value: bigint): string => value.toString(16).padStart(128, "0");
  const g1 = (n: bigint): string => {
    const { x, y } = G1.Point.BASE.multiply(n).toAffine();
    return fp(x) + fp(y);
  };
  const g2 = (n: bigint): string => {
    const { x, y } = G2.Point.BASE.multiply(n).toAffine();
    return fp(x.c0) + fp(x.c1) + fp(y.c0) + fp(y.c1);
  };
  const infinity1 = "0".repeat(256);
  const infinity2 = "0".repeat(512);
  const r = fields.Fr.ORDER;
  // On the curves, not in the subgroups: x = 4 for G1, and an x that has a y for G2.
  const outside1 = fp(4n) + fp(fields.Fp.sqrt(68n));

  test("sums", () => {
    expect(output(0x0b, g1(3n) + g1(4n))).toBe(g1(7n));
    expect(output(0x0b, g1(3n) + g1(3n))).toBe(g1(6n));
    expect(output(0x0b, g1(3n) + g1(r - 3n))).toBe(infinity1);
    expect(output(0x0b, outside1 + infinity1)).toBe(outside1);
    expect(output(0x0d, g2(3n) + g2(4n))).toBe(g2(7n));
    expect(output(0x0d, infinity2 + g2(4n))).toBe(g2(4n));
    expect([gas(0x0b, hex(g1(1n) + g1(1n))), gas(0x0d, hex(g2(1n) + g2(1n)))]).toEqual([375n, 600n]);
  });

  test("products", () => {
    expect(output(0x0c, g1(3n) + word(5))).toBe(g1(15n));
    expect(output(0x0c, g1(3n) + word(5n + r))).toBe(g1(15n));
    expect(output(0x0c, g1(3n) + word(0))).toBe(infinity1);
    expect(output(0x0c, g1(3n) + word(5) + infinity1 + word(9) + g1(2n) + word(r - 1n))).toBe(g1(13n));
    expect(output(0x0e, g2(3n) + word(5) + g2(4n) + word(2))).toBe(g2(23n));
    expect(output(0x0c, outside1 + word(1))).toBe("failed");
  });

  test("many products at once", () => {
    const count = 130;
    let input = "";
    let expected = 0n;
    for (let i = 1n; i <= count; i++) {
      const scalar = (i * 0x1234567890abcdef1234567890abcdef1234567890abcdefn) % r;
      input += g1(i) + word(scalar);
      expected += i * scalar;
    }
    expect(output(0x0c, input)).toBe(g1(expected % r));
    expect(gas(0x0c, hex(input))).toBe((130n * 12_000n * 519n) / 1000n);
  });

  test("prices fall with the number of products", () => {
    expect([msmDiscountG1.length, msmDiscountG2.length]).toEqual([128, 128]);
    expect(msmCost(2, 12_000n, msmDiscountG1)).toBe(22_776n);
    expect(msmCost(128, 22_500n, msmDiscountG2)).toBe(1_509_120n);
  });

  test("pairings are bilinear", () => {
    expect(output(0x0f, g1(6n) + g2(5n) + g1(r - 3n) + g2(10n))).toBe(word(1));
    expect(output(0x0f, g1(6n) + g2(5n) + g1(r - 3n) + g2(11n))).toBe(word(0));
    expect(output(0x0f, infinity1 + g2(5n))).toBe(word(1));
    expect(output(0x0f, outside1 + infinity2)).toBe("failed");
    expect(gas(0x0f, hex(infinity1 + g2(5n)))).toBe(70_300n);
  });

  test("maps to the groups", () => {
    const mapped = output(0x10, fp(12345n));
    expect(output(0x0c, mapped + word(1))).toBe(mapped);
    const mapped2 = output(0x11, fp(12345n) + fp(678n));
    expect(output(0x0e, mapped2 + word(1))).toBe(mapped2);
    expect(output(0x10, fp(fields.Fp.ORDER))).toBe("failed");
    expect(output(0x11, fp(1n) + fp(fields.Fp.ORDER))).toBe("failed");
  });

  test.each([0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11])("%i refuses wrong lengths and numbers", (id) => {
    for (const input of ["", "00", `${g1(1n)}00`, `${g2(1n)}00`]) expect(output(id, input)).toBe("failed");
    // A byte above the 48 of the number.
    const tainted = `01${"0".repeat(126)}`;
    expect(output(id, tainted + infinity1.repeat(2).slice(128))).toBe("failed");
  });
});

describe("P256VERIFY", () => {
  const valid = `4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d
    a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac
    36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60
    4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3
    7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e`;
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

  test("EIP-7951's example, its other s, and a changed digest", () => {
    expect(output(0x100, valid)).toBe(word(1));
    const other = hex(valid);
    other.set(fromBigInt(order - toBigInt(other.subarray(64, 96)), 32), 64);
    expect(output(0x100, other)).toBe(word(1));
    other[0] = (other[0] ?? 0) ^ 1;
    expect(output(0x100, other)).toBe("");
    expect(gas(0x100, other)).toBe(6900n);
  });

  test.each([
    ["r 0", 32, 0n],
    ["r of the order", 32, order],
    ["s 0", 64, 0n],
    ["s of the order", 64, order],
    ["x beyond the prime", 96, 2n ** 256n - 1n],
    ["y off the curve", 128, 5n],
  ])("nothing for %s", (_, at, value) => {
    const input = hex(valid);
    input.set(fromBigInt(value, 32), at);
    expect(output(0x100, input)).toBe("");
  });

  test("nothing for other lengths", () => {
    expect(output(0x100, "")).toBe("");
    expect(output(0x100, `${valid}00`)).toBe("");
  });
});
