export { hashBytes } from "../bytes/fields.ts";
export { decode, encode, MESSAGE_KINDS, maxFrameBytes, maxMessageBytes } from "./codec.ts";
export {
  ackDigest,
  availableDigest,
  beaconOf,
  coinBit,
  coinDigest,
  decideDigest,
  finalDigest,
  finalMessageDigest,
  genesisOrderDigest,
  orderDigest,
  voteDigest,
} from "./digests.ts";
export {
  type Limits,
  MAX_CONTAINER_RANGE,
  MAX_EVIDENCE_BYTES,
  MAX_FORWARDED,
  MAX_VOTE_RECORDS,
  maxBodyBytes,
  maxContainerBodyBytes,
  maxForwardBytes,
} from "./limits.ts";
export type {
  AckMessage,
  BodyMessage,
  CertificateMessage,
  CoinMessage,
  CoinShare,
  ContainerMessage,
  DecideMessage,
  Envelope,
  EvidenceMessage,
  FinalityMessage,
  FinalMessage,
  Forwarded,
  ForwardMessage,
  GetBodyMessage,
  GetCertificateMessage,
  GetContainerMessage,
  GetOrderMessage,
  Held,
  Message,
  MessageKind,
  OrderMessage,
  ProposalMessage,
  RepeatMessage,
  StatusMessage,
  VoteMessage,
} from "./messages.ts";
export { MAX_CHECKPOINTS, PROPOSAL_HEADER_BYTES, proposalDigest, toProposal } from "./proposal-header.ts";
export { type SlotName, toSlot } from "./slot.ts";
