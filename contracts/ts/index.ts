export { accessAbi } from "./abi/access.generated.ts";
export { chainsAbi } from "./abi/chains.generated.ts";
export { committeesAbi } from "./abi/committees.generated.ts";
export { erasAbi } from "./abi/eras.generated.ts";
export { forksAbi } from "./abi/forks.generated.ts";
export { keyGenerationAbi } from "./abi/key-generation.generated.ts";
export { nodesAbi } from "./abi/nodes.generated.ts";
export { offencesAbi } from "./abi/offences.generated.ts";
export { recoveryAbi } from "./abi/recovery.generated.ts";
export { rentPoolAbi } from "./abi/rent-pool.generated.ts";
export { tributaryTokenAbi } from "./abi/tributary-token.generated.ts";
export { validatorsAbi } from "./abi/validators.generated.ts";
export { type ContractName, contractOrder, type TributaryAddresses } from "./addresses.ts";
export { ensureContractsBuilt } from "./build.ts";
export { deriveChainId, deriveGroup } from "./chain-identity.ts";
export {
  type ChainOrder,
  type ChainSize,
  type ChainState,
  type CreatedChain,
  chainSizes,
  chainStates,
  createChain,
} from "./create-chain.ts";
export { deployTributary, predictAddresses, roles } from "./deploy.ts";
export { headerRlp, type RpcBlock, readHeaderRlp } from "./header-rlp.ts";
export { connectManager, type ManagerClient, mined } from "./manager-client.ts";
export { devnetParameters, type ManagerParameters, productionParameters } from "./parameters.ts";
export {
  approve,
  type NodeRegistration,
  registerNode,
  registerValidator,
  registrationDigest,
} from "./register-node.ts";
export { resizeChain } from "./resize-chain.ts";
export { type Selection, selectCommittee } from "./select-committee.ts";
