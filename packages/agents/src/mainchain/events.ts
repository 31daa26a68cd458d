// The contracts' events that agents fold, with the names and arguments of the Solidity interfaces.

type Hex = `0x${string}`;
type Slot = { readonly chainId: bigint; readonly era: number; readonly epoch: number };

export type KeyGenerationEvent =
  | ({
      readonly name: "KeyGenerationBegun";
      readonly group: Hex;
      readonly nodeIds: readonly number[];
      readonly acceptUntil: bigint;
    } & Slot)
  | ({ readonly name: "SeatAccepted"; readonly seat: number; readonly key: Hex } & Slot)
  | ({ readonly name: "DealingOpened"; readonly accepted: bigint; readonly until: bigint } & Slot)
  | ({ readonly name: "Dealt"; readonly seat: number; readonly dealing: Hex } & Slot)
  | ({ readonly name: "DealingClosed"; readonly dealers: bigint; readonly complaintsUntil: bigint } & Slot)
  | ({ readonly name: "DealerAbsent"; readonly seat: number; readonly nodeId: number } & Slot)
  | ({
      readonly name: "DealerConvicted";
      readonly seat: number;
      readonly nodeId: number;
      readonly fault: number;
    } & Slot)
  | ({ readonly name: "DealingReopened"; readonly dealers: bigint; readonly until: bigint } & Slot)
  | ({
      readonly name: "KeyGenerated";
      readonly groupKey: Hex;
      readonly keysHash: Hex;
      readonly committee: Hex;
      readonly qualified: bigint;
      readonly signers: bigint;
    } & Slot)
  | ({ readonly name: "KeyGenerationFailed"; readonly culprits: readonly number[] } & Slot);

export type NodeEvent =
  | {
      readonly name: "NodeRegistered";
      readonly nodeId: number;
      readonly validatorId: number;
      readonly nodeAddress: Hex;
      readonly endpoint: string;
      readonly rpc: string;
      readonly transportKey: Hex;
      readonly blsKey: Hex;
    }
  | {
      readonly name: "NodeEndpointChanged";
      readonly nodeId: number;
      readonly endpoint: string;
      readonly rpc: string;
    }
  | { readonly name: "NodeExiting"; readonly nodeId: number }
  | { readonly name: "NodeLeft"; readonly nodeId: number };

export type ChainCreation = {
  readonly name: string;
  readonly owner: Hex;
  readonly size: number;
  readonly members: number;
  readonly months: number;
  readonly gasLimit: bigint;
  readonly byteLimit: number;
  readonly allocation: readonly { readonly account: Hex; readonly balance: bigint }[];
};

export type ChainEvent =
  | {
      readonly name: "ChainRequested";
      readonly chainId: bigint;
      readonly group: Hex;
      readonly nonce: bigint;
      readonly timestamp: bigint;
      readonly slots: number;
      readonly rent: bigint;
      readonly creation: ChainCreation;
    }
  | { readonly name: "ChainSelected"; readonly chainId: bigint; readonly nodeIds: readonly number[] }
  | {
      readonly name: "ChainKeygen";
      readonly chainId: bigint;
      readonly era: number;
      readonly epoch: number;
      readonly nodeIds: readonly number[];
    }
  | {
      readonly name: "ChainRunning";
      readonly chainId: bigint;
      readonly era: number;
      readonly epoch: number;
      readonly groupKey: Hex;
      readonly keysHash: Hex;
      readonly start: bigint;
      readonly end: bigint;
    }
  | { readonly name: "ChainPaused"; readonly chainId: bigint }
  | { readonly name: "ChainResumed"; readonly chainId: bigint }
  | { readonly name: "ChainExpired"; readonly chainId: bigint }
  | { readonly name: "ChainDeleted"; readonly chainId: bigint }
  | { readonly name: "ChainFailed"; readonly chainId: bigint; readonly failure: number }
  | { readonly name: "ChainExtended"; readonly chainId: bigint; readonly end: bigint }
  | { readonly name: "ParametersChanged"; readonly parameters: { readonly grace: number } };

export type SelectionEvent =
  | { readonly name: "SelectionRequested"; readonly chainId: bigint; readonly seedBlock: bigint }
  | { readonly name: "SelectionRearmed"; readonly chainId: bigint; readonly seedBlock: bigint }
  | { readonly name: "CommitteeSelected"; readonly chainId: bigint }
  | { readonly name: "CommitteeUnavailable"; readonly chainId: bigint }
  | { readonly name: "SeatsSelected"; readonly chainId: bigint }
  | { readonly name: "SeatsUnavailable"; readonly chainId: bigint };

export type ResharingEvent =
  | ({
      readonly name: "ResharingBegun";
      readonly group: Hex;
      readonly fromEpoch: number;
      readonly oldNodeIds: readonly number[];
      readonly nodeIds: readonly number[];
      readonly acceptUntil: bigint;
    } & Slot)
  | ({ readonly name: "NewSeatAccepted"; readonly seat: number; readonly key: Hex } & Slot)
  | ({ readonly name: "ResharingOpened"; readonly accepted: bigint; readonly until: bigint } & Slot)
  | ({ readonly name: "ShareDealt"; readonly dealer: number; readonly dealing: Hex } & Slot)
  | ({ readonly name: "ResharingClosed"; readonly dealers: bigint; readonly complaintsUntil: bigint } & Slot)
  | ({ readonly name: "ShareDealerConvicted"; readonly dealer: number; readonly nodeId: number } & Slot)
  | ({ readonly name: "ResharingReopened"; readonly dealers: bigint; readonly until: bigint } & Slot)
  | ({
      readonly name: "KeyReshared";
      readonly groupKey: Hex;
      readonly keysHash: Hex;
      readonly committee: Hex;
      readonly qualified: bigint;
    } & Slot)
  | ({ readonly name: "ResharingFailed"; readonly culprits: readonly number[] } & Slot)
  /** Those who left the committee with this epoch hold no slots for the chain any more. */
  | { readonly name: "LeaversReleased"; readonly chainId: bigint; readonly epoch: number };

/** As the contract records it: heights with the hash of the container header and D. */
export type ContractBeginning = {
  readonly finalHeight: bigint;
  readonly finalDigest: Hex;
  readonly orderHeight: bigint;
  readonly orderDigest: Hex;
};

type OfOpening = { readonly chainId: bigint; readonly openingId: Hex };

export type RecoveryEvent =
  | ({ readonly name: "RecoveryChallenged"; readonly era: number; readonly opensAt: bigint } & OfOpening)
  | ({
      readonly name: "RecoveryOpened";
      readonly group: Hex;
      readonly era: number;
      readonly closesAt: bigint;
      readonly nodeIds: readonly number[];
    } & OfOpening)
  | ({ readonly name: "RecoveryCancelled" } & OfOpening)
  | ({ readonly name: "FinalClaimed"; readonly height: bigint; readonly digest: Hex } & OfOpening)
  | ({ readonly name: "OrderClaimed"; readonly height: bigint; readonly digest: Hex } & OfOpening)
  | ({ readonly name: "InheritedClaimed"; readonly height: bigint; readonly digest: Hex } & OfOpening)
  | ({ readonly name: "InheritedLacks"; readonly nodeId: number } & OfOpening)
  | ({ readonly name: "MemberStands"; readonly nodeId: number } & OfOpening)
  | ({ readonly name: "ClaimsExtended"; readonly closesAt: bigint } & OfOpening)
  | ({ readonly name: "RecoveryClosed"; readonly era: number; readonly beginning: ContractBeginning } & OfOpening)
  | {
      readonly name: "RecoverySeatsRequested";
      readonly chainId: bigint;
      readonly leaving: readonly number[];
    }
  | { readonly name: "RecoverySeatsSelected"; readonly chainId: bigint; readonly nodeIds: readonly number[] }
  | { readonly name: "RecoverySeatsUnavailable"; readonly chainId: bigint; readonly retryAt: bigint }
  | ({ readonly name: "RecoveryKeygen"; readonly nodeIds: readonly number[] } & Slot)
  | ({ readonly name: "RecoveryAttemptFailed"; readonly culprits: readonly number[] } & Slot)
  | ({
      readonly name: "EraRecovered";
      readonly group: Hex;
      readonly groupKey: Hex;
      readonly keysHash: Hex;
      readonly beginning: ContractBeginning;
    } & Slot)
  | ({ readonly name: "RecoveryAbandoned" } & OfOpening);

/** Of eras by schedule. EraRenewed stands in the block of READY. */
export type RenewalEvent =
  | ({ readonly name: "RenewalBegun"; readonly nodeIds: readonly number[] } & Slot)
  | ({ readonly name: "RenewalFailed"; readonly culprits: readonly number[] } & Slot)
  | ({ readonly name: "EraRenewed"; readonly group: Hex; readonly groupKey: Hex; readonly keysHash: Hex } & Slot)
  | {
      readonly name: "EraBegun";
      readonly chainId: bigint;
      readonly group: Hex;
      readonly era: number;
      readonly firstHeight: bigint;
    };

export type ForkEvent =
  | {
      readonly name: "ForkScheduled";
      readonly chainId: bigint;
      readonly group: Hex;
      readonly rules: number;
      /** Seconds. */
      readonly time: bigint;
    }
  | { readonly name: "ForkCancelled"; readonly chainId: bigint; readonly group: Hex; readonly rules: number };

export type MainchainEvent =
  | KeyGenerationEvent
  | NodeEvent
  | ChainEvent
  | SelectionEvent
  | ResharingEvent
  | RecoveryEvent
  | RenewalEvent
  | ForkEvent;

const keyGenerationNames: ReadonlySet<string> = new Set<KeyGenerationEvent["name"]>([
  "KeyGenerationBegun",
  "SeatAccepted",
  "DealingOpened",
  "Dealt",
  "DealingClosed",
  "DealerAbsent",
  "DealerConvicted",
  "DealingReopened",
  "KeyGenerated",
  "KeyGenerationFailed",
]);
const nodeNames: ReadonlySet<string> = new Set<NodeEvent["name"]>([
  "NodeRegistered",
  "NodeEndpointChanged",
  "NodeExiting",
  "NodeLeft",
]);
const chainNames: ReadonlySet<string> = new Set<ChainEvent["name"]>([
  "ChainRequested",
  "ChainSelected",
  "ChainKeygen",
  "ChainRunning",
  "ChainPaused",
  "ChainResumed",
  "ChainExpired",
  "ChainDeleted",
  "ChainFailed",
  "ChainExtended",
  "ParametersChanged",
]);
const selectionNames: ReadonlySet<string> = new Set<SelectionEvent["name"]>([
  "SelectionRequested",
  "SelectionRearmed",
  "CommitteeSelected",
  "CommitteeUnavailable",
  "SeatsSelected",
  "SeatsUnavailable",
]);
const resharingNames: ReadonlySet<string> = new Set<ResharingEvent["name"]>([
  "ResharingBegun",
  "NewSeatAccepted",
  "ResharingOpened",
  "ShareDealt",
  "ResharingClosed",
  "ShareDealerConvicted",
  "ResharingReopened",
  "KeyReshared",
  "ResharingFailed",
  "LeaversReleased",
]);
const renewalNames: ReadonlySet<string> = new Set<RenewalEvent["name"]>([
  "RenewalBegun",
  "RenewalFailed",
  "EraRenewed",
  "EraBegun",
]);
const forkNames: ReadonlySet<string> = new Set<ForkEvent["name"]>(["ForkScheduled", "ForkCancelled"]);

const recoveryNames: ReadonlySet<string> = new Set<RecoveryEvent["name"]>([
  "RecoveryChallenged",
  "RecoveryOpened",
  "RecoveryCancelled",
  "FinalClaimed",
  "OrderClaimed",
  "InheritedClaimed",
  "InheritedLacks",
  "MemberStands",
  "ClaimsExtended",
  "RecoveryClosed",
  "RecoverySeatsRequested",
  "RecoverySeatsSelected",
  "RecoverySeatsUnavailable",
  "RecoveryKeygen",
  "RecoveryAttemptFailed",
  "EraRecovered",
  "RecoveryAbandoned",
]);

export function isKeyGenerationEvent(event: MainchainEvent): event is KeyGenerationEvent {
  return keyGenerationNames.has(event.name);
}

export function isNodeEvent(event: MainchainEvent): event is NodeEvent {
  return nodeNames.has(event.name);
}

export function isChainEvent(event: MainchainEvent): event is ChainEvent {
  return chainNames.has(event.name);
}

export function isSelectionEvent(event: MainchainEvent): event is SelectionEvent {
  return selectionNames.has(event.name);
}

export function isResharingEvent(event: MainchainEvent): event is ResharingEvent {
  return resharingNames.has(event.name);
}

export function isRecoveryEvent(event: MainchainEvent): event is RecoveryEvent {
  return recoveryNames.has(event.name);
}

export function isRenewalEvent(event: MainchainEvent): event is RenewalEvent {
  return renewalNames.has(event.name);
}

/** Whether agents fold events of this name. */
export function isFolded(name: string): boolean {
  const agreed = [keyGenerationNames, resharingNames, recoveryNames, renewalNames];
  const folded = [...agreed, nodeNames, chainNames, selectionNames, forkNames];
  return folded.some((names) => names.has(name));
}
