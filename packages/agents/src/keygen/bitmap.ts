/** Seats as the contracts' u64 bitmaps hold them: seat 0 in bit 0. */
export function hasSeat(bitmap: bigint, seat: number): boolean {
  return ((bitmap >> BigInt(seat)) & 1n) === 1n;
}

export function withSeat(bitmap: bigint, seat: number): bigint {
  return bitmap | (1n << BigInt(seat));
}

export function seatsOf(bitmap: bigint): readonly number[] {
  const seats: number[] = [];
  for (let seat = 0, rest = bitmap; rest > 0n; seat++, rest >>= 1n) if ((rest & 1n) === 1n) seats.push(seat);
  return seats;
}
