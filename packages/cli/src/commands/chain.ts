import { type ChainSize, createChain, type ManagerClient, mined } from "@tributary/contracts";
import { chainsAbi } from "@tributary/contracts/abi/chains.generated";
import { rotationsAbi } from "@tributary/contracts/abi/rotations.generated";
import { Command } from "commander";
import { type Address, formatEther } from "viem";
import { chainEvidence, submitEvidence } from "../chain-evidence.ts";
import { describeRecovery, moveRecovery, viewRecovery } from "../chain-recovery.ts";
import { chainStatus } from "../chain-rpc.ts";
import { type ChainView, findChain, listChains, viewChain } from "../chain-view.ts";
import { CliError } from "../cli-error.ts";
import { DEFAULT_DATA } from "../devnet/devnet-file.ts";
import { userAllocation } from "../devnet/setup.ts";
import { waitForFirstBlock } from "../devnet/wake-chain.ts";
import { connectAs, connectReader, findNetwork, type Network, type NetworkOptions } from "../network.ts";
import { accountAddress, chainName, nodeIds, oneOf, wholeNumber } from "../option-parsers.ts";
import { createOutput, type Output, table } from "../output.ts";
import { stopSignal } from "../stop-signal.ts";
import { addEraCommands } from "./chain-eras.ts";
import { addForkCommands } from "./chain-forks.ts";
import { addResizeCommand } from "./chain-resize.ts";

type CommonOptions = NetworkOptions & { readonly json?: boolean };
type CreateOptions = CommonOptions & {
  readonly name: string;
  readonly size: ChainSize;
  readonly members: number;
  readonly months: number;
  readonly owner?: Address;
  readonly gasLimit?: number;
  readonly byteLimit?: number;
  readonly wait: boolean;
};

const WAIT_MS = 600_000;
const LOOK_MS = 300;

export function chainCommand(): Command {
  const chain = new Command("chain").description("Rent chains, look at them, end them.");
  common(chain.command("create"))
    .description("Rent a chain and wait for its first block.")
    .requiredOption("--name <name>", "1 to 32 of a-z, 0-9 and '-'", chainName)
    .option("--size <size>", "small (1 slot), medium (16) or large (128)", oneOf("small", "medium", "large"), "medium")
    .option("--members <number>", "nodes in its committee", wholeNumber(1, 64), 4)
    .option("--months <number>", "paid ahead", wholeNumber(1, 1_000), 6)
    .option("--owner <address>", "who may delete it and gets refunds; the payer by default", accountAddress)
    .option("--gas-limit <gas>", "of a block", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--byte-limit <bytes>", "of a block's transactions", wholeNumber(1, 2 ** 32 - 1))
    .option("--no-wait", "return once the rent is paid")
    .action((options: CreateOptions) => create(options));
  common(chain.command("list"))
    .description("List chains.")
    .option("--all", "ended ones too")
    .action((options: CommonOptions & { readonly all?: boolean }) => list(options));
  common(chain.command("show"))
    .description("Show one chain: its state on the mainchain, and what its members say.")
    .argument("<chain>", "chain id or name")
    .action((id: string, options: CommonOptions) => show(id, options));
  common(chain.command("delete"))
    .description("End a chain's rent: its slots are freed and unused months refunded. Owner only.")
    .argument("<chain>", "chain id or name")
    .action((id: string, options: CommonOptions) => remove(id, options));
  common(chain.command("rotate"))
    .description("End an epoch that has lasted its period: seats in turn are replaced, all shares refreshed. Anyone.")
    .argument("<chain>", "chain id or name")
    .option("--leaving <nodes>", "replace these nodes, which are exiting, instead: ids with commas between", nodeIds)
    .action((id: string, options: CommonOptions & { readonly leaving?: readonly number[] }) => rotate(id, options));
  common(chain.command("evidence"))
    .description("List proofs that members of a chain contradicted themselves.")
    .argument("<chain>", "chain id or name")
    .option("--submit", "record on the mainchain what is not recorded yet; the paying account pays the gas")
    .action((id: string, options: CommonOptions & { readonly submit?: boolean }) => evidence(id, options));
  common(chain.command("recover"))
    .description("Bring a chain that lost its quorum for good into its next era: the next step that anybody may take.")
    .argument("<chain>", "chain id or name")
    .option("--now", "open at once, without asking the members for a sign of life; needs the role for it")
    .action((id: string, options: CommonOptions & { readonly now?: boolean }) => recover(id, options));
  common(chain.command("recovery"))
    .description("Show where a chain's Recovery stands.")
    .argument("<chain>", "chain id or name")
    .action((id: string, options: CommonOptions) => recovery(id, options));
  addResizeCommand(chain, common);
  addEraCommands(chain, common);
  addForkCommands(chain, common);
  return chain;
}

function common(command: Command): Command {
  return command
    .option("--data <folder>", "the devnet's folder", DEFAULT_DATA)
    .option("--network <file>", 'another network: {"rpc": url, "contracts": {name: address}}')
    .option("--key-file <file>", "private key of the paying account, in hexadecimal")
    .option("--account <number>", "devnet account to pay with", wholeNumber(0, 9), 0)
    .option("--json", "print JSON");
}

async function create(options: CreateOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const { name, size, members, months } = options;
  output.progress(`renting ${name}: ${size}, ${members} members, ${months} months`);
  const created = await createChain(client, network.contracts, {
    name,
    size,
    members,
    months,
    ...(options.owner === undefined ? {} : { owner: options.owner }),
    ...(options.gasLimit === undefined ? {} : { gasLimit: BigInt(options.gasLimit) }),
    ...(options.byteLimit === undefined ? {} : { byteLimit: options.byteLimit }),
    ...(network.devnet === undefined ? {} : { allocation: userAllocation() }),
  });
  output.progress(`chain ${created.chainId} for ${formatEther(created.rent)} TRIB`);
  if (options.wait) await waitUntilUp(client, network, created.chainId, output);
  const view = await viewChain(client, network, created.chainId);
  output.result(view, describe(view));
}

async function waitUntilUp(client: ManagerClient, network: Network, chainId: bigint, output: Output): Promise<void> {
  const signal = stopSignal();
  const end = Date.now() + WAIT_MS;
  let last = "";
  for (;;) {
    const view = await viewChain(client, network, chainId);
    if (view.state !== last) output.progress(`state: ${view.state}`);
    last = view.state;
    if (view.state === "failed") throw new CliError("CHAIN_FAILED", `chain ${chainId} failed; its rent is refunded`);
    if (view.state === "running") {
      await untilFirstBlock(network, view, end, signal);
      return;
    }
    if (signal.aborted)
      throw new CliError("INTERRUPTED", `chain ${chainId} is ${view.state}; it goes on without this command`);
    if (Date.now() > end) throw new CliError("CHAIN_SLOW", `chain ${chainId} is still ${view.state}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function untilFirstBlock(network: Network, view: ChainView, end: number, signal: AbortSignal): Promise<void> {
  const urls = view.members.map(({ rpc }) => rpc);
  if (network.devnet !== undefined) {
    await waitForFirstBlock(urls, BigInt(view.chainId), Math.max(0, end - Date.now()), signal);
    return;
  }
  while (((await chainStatus(urls))?.height ?? 0) === 0) {
    if (signal.aborted || Date.now() > end)
      throw new CliError("CHAIN_SILENT", `chain ${view.chainId} made no block in time`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function list(options: CommonOptions & { readonly all?: boolean }): Promise<void> {
  const network = await findNetwork(options);
  const views = await listChains(await connectReader(network), network, options.all === true);
  const rows = views.map((view) => [
    view.chainId.toString(),
    view.name,
    status(view),
    view.live?.height.toString() ?? "-",
    view.members.map(({ nodeId }) => nodeId).join(",") || "-",
    view.paidUntil?.slice(0, 10) ?? "-",
  ]);
  createOutput(options.json === true).result(
    views,
    views.length === 0 ? "no chains" : table(["CHAIN ID", "NAME", "STATE", "HEIGHT", "NODES", "PAID UNTIL"], rows),
  );
}

async function show(id: string, options: CommonOptions): Promise<void> {
  const network = await findNetwork(options);
  const view = await findChain(await connectReader(network), network, id);
  createOutput(options.json === true).result(view, describe(view));
}

async function evidence(id: string, options: CommonOptions & { readonly submit?: boolean }): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await (options.submit === true ? connectAs(network, options) : connectReader(network));
  const chain = await findChain(client, network, id);
  let offences = await chainEvidence(client, network, chain);
  if (options.submit === true) {
    const due = offences.filter(({ verdict, recorded }) => verdict === "proven" && !recorded);
    for (const offence of due) {
      output.progress(`submitting ${offence.kind} of node ${offence.nodeId} at height ${offence.height}`);
      await submitEvidence(client, network, offence);
    }
    if (due.length > 0) offences = await chainEvidence(client, network, chain);
  }
  const rows = offences.map(({ height, kind, nodeId, seat, verdict, recorded }) => [
    height.toString(),
    kind,
    nodeId === 0 ? "-" : nodeId.toString(),
    seat.toString(),
    recorded ? "recorded" : verdict,
  ]);
  output.result(
    offences,
    rows.length === 0 ? "no evidence" : table(["HEIGHT", "FAULT", "NODE", "SEAT", "MAINCHAIN"], rows),
  );
}

async function remove(id: string, options: CommonOptions): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const { chainId } = await findChain(client, network, id);
  const hash = await client.writeContract({
    address: network.contracts.Chains,
    abi: chainsAbi,
    functionName: "deleteChain",
    args: [BigInt(chainId)],
  });
  output.progress(`deleting chain ${chainId}`);
  await mined(client, "the deletion", hash);
  const view = await viewChain(client, network, BigInt(chainId));
  output.result(view, `chain ${chainId} is ${view.state}; what it had not used went back to ${view.owner}`);
}

async function rotate(id: string, options: CommonOptions & { readonly leaving?: readonly number[] }): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const { chainId, members } = await findChain(client, network, id);
  const rotations = { address: network.contracts.Rotations, abi: rotationsAbi } as const;
  const seats = new Map(members.map(({ nodeId }, seat) => [nodeId, seat]));
  const leaving = [...(options.leaving ?? [])].sort((a, b) => (seats.get(a) ?? 0) - (seats.get(b) ?? 0));
  const hash =
    leaving.length === 0
      ? client.writeContract({ ...rotations, functionName: "requestScheduled", args: [BigInt(chainId)] })
      : client.writeContract({ ...rotations, functionName: "requestExit", args: [BigInt(chainId), leaving] });
  await mined(client, "the request", await hash);
  const view = await viewChain(client, network, BigInt(chainId));
  output.result(view, `chain ${chainId}: a rotation is requested; the nodes do the rest`);
}

async function recover(id: string, options: CommonOptions & { readonly now?: boolean }): Promise<void> {
  const output = createOutput(options.json === true);
  const network = await findNetwork(options);
  const client = await connectAs(network, options);
  const chain = await findChain(client, network, id);
  const before = await viewRecovery(client, network, chain);
  const move = await moveRecovery(client, network, before, options.now === true);
  const view = await viewRecovery(client, network, chain);
  output.result({ move, ...view }, `${move}; the nodes do the rest\n${describeRecovery(view)}`);
}

async function recovery(id: string, options: CommonOptions): Promise<void> {
  const network = await findNetwork(options);
  const client = await connectReader(network);
  const view = await viewRecovery(client, network, await findChain(client, network, id));
  createOutput(options.json === true).result(view, describeRecovery(view));
}

/** The members' word where there is one: a chain that lost its quorum is paused before the mainchain knows. */
function status(view: ChainView): string {
  if (view.state !== "running") return view.state;
  return view.live?.status ?? "silent";
}

function describe(view: ChainView): string {
  const lines = [
    `chain id       ${view.chainId}`,
    `name           ${view.name}`,
    `state          ${status(view)}${view.state === "running" ? "" : " (on the mainchain)"}`,
    `owner          ${view.owner}`,
    `slots          ${view.slots} on each of ${view.members.length} nodes`,
  ];
  if (view.resizing !== undefined) lines.push(`asked for      ${view.resizing} nodes`);
  if (view.live !== undefined) {
    lines.push(`height         ${view.live.height}`);
    lines.push(`members up     ${view.live.membersUp} (quorum ${view.live.quorum})`);
    const mute = view.live.notSigning.map((place) => view.members[place]?.nodeId);
    if (mute.length > 0) lines.push(`not signing    node ${mute.join(", ")}: the keys are away, refuse, or are silent`);
  }
  if (view.groupPublicKey !== undefined) lines.push(`group key      ${view.groupPublicKey} (era ${view.era})`);
  if (view.paidUntil !== undefined) lines.push(`paid until     ${view.paidUntil}`);
  lines.push(`escrow         ${formatEther(view.escrow)} TRIB`);
  for (const { nodeId, rpc } of view.members) lines.push(`node ${String(nodeId).padEnd(9)} ${rpc}`);
  return lines.join("\n");
}
