// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Bls} from "../../src/keys/Bls.sol";
import {G1} from "../../src/keys/G1.sol";
import {KeyGeneration} from "../../src/keys/KeyGeneration.sol";
import {IKeyGeneration} from "../../src/keys/interfaces/IKeyGeneration.sol";
import {INodeKeys} from "../../src/keys/interfaces/INodeKeys.sol";
import {IResharing} from "../../src/keys/interfaces/IResharing.sol";
import {Access} from "../../src/manager/Access.sol";
import {Chains} from "../../src/manager/Chains.sol";
import {Committees} from "../../src/manager/Committees.sol";
import {Eras} from "../../src/manager/Eras.sol";
import {Nodes} from "../../src/manager/Nodes.sol";
import {Recovery} from "../../src/manager/Recovery.sol";
import {RecoveryClaims} from "../../src/manager/RecoveryClaims.sol";
import {Renewals} from "../../src/manager/Renewals.sol";
import {Rotations} from "../../src/manager/Rotations.sol";
import {RentPool} from "../../src/manager/RentPool.sol";
import {TributaryToken} from "../../src/manager/TributaryToken.sol";
import {Validators} from "../../src/manager/Validators.sol";
import {IChains} from "../../src/manager/interfaces/IChains.sol";
import {ICommittees} from "../../src/manager/interfaces/ICommittees.sol";
import {IEras} from "../../src/manager/interfaces/IEras.sol";
import {INodes} from "../../src/manager/interfaces/INodes.sol";
import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {IRenewals} from "../../src/manager/interfaces/IRenewals.sol";
import {IRotations} from "../../src/manager/interfaces/IRotations.sol";
import {IValidators} from "../../src/manager/interfaces/IValidators.sol";
import {BlsSigner} from "../lib/BlsSigner.sol";
import {Headers} from "../lib/Headers.sol";
import {ResharingStandIn} from "../lib/ResharingStandIn.sol";
import {Test} from "../lib/Test.sol";

/// The whole manager, deployed as in production but for the resharing contract: this contract is the admin and holds every role.
abstract contract ManagerTest is Test {
    uint256 internal constant STAKE = 100e18;
    uint256 internal constant PRICE = 1e18;
    uint32 internal constant DELAY = 4;
    uint32 internal constant GRACE = 7 days;
    uint256 internal constant MONTH = 30 days;
    uint32 internal constant PERIOD = 7 days;
    uint32 internal constant LINGER = 1 hours;
    uint32 internal constant SILENCE = 6 hours;
    uint32 internal constant CLAIMS = 24 hours;
    uint128 internal constant BOND = 50e18;
    uint32 internal constant ERA_PERIOD = 90 days;
    uint32 internal constant PAUSE = 1 days;

    Access internal access;
    TributaryToken internal token;
    RentPool internal pool;
    Validators internal validators;
    Nodes internal nodes;
    Committees internal committees;
    Chains internal chains;
    Eras internal eras;
    KeyGeneration internal keyGeneration;
    ResharingStandIn internal resharing;
    Rotations internal rotations;
    Recovery internal recovery;
    Renewals internal renewals;

    function setUp() public virtual {
        vm.roll(1000);
        vm.warp(1_800_000_000);
        deployManager(true);
    }

    function deployManager(bool devAllocations) internal {
        uint256 nonce = vm.getNonce(address(this));
        access = new Access(address(this));
        token = new TributaryToken(address(access));
        pool = new RentPool(address(access), IERC20(address(token)));
        address nodesAt = vm.computeCreateAddress(address(this), nonce + 4);
        address committeesAt = vm.computeCreateAddress(address(this), nonce + 5);
        address chainsAt = vm.computeCreateAddress(address(this), nonce + 6);
        validators = new Validators(address(access), IERC20(address(token)), nodesAt, STAKE);
        nodes = new Nodes(IValidators(address(validators)), ICommittees(committeesAt));
        address rotationsAt = vm.computeCreateAddress(address(this), nonce + 10);
        committees = new Committees(address(access), nodesAt, IChains(chainsAt), IRotations(rotationsAt), DELAY);
        chains = new Chains(
            address(access),
            Chains.Parts({
                token: IERC20(address(token)),
                pool: address(pool),
                committees: ICommittees(committeesAt),
                keyGeneration: IKeyGeneration(vm.computeCreateAddress(address(this), nonce + 8)),
                eras: IEras(vm.computeCreateAddress(address(this), nonce + 7)),
                rotations: IRotations(rotationsAt)
            }),
            devAllocations,
            IChains.Parameters({price: PRICE, grace: GRACE, minimumMembers: 1, maximumMonths: 24})
        );
        address recoveryAt = vm.computeCreateAddress(address(this), nonce + 11);
        address renewalsAt = vm.computeCreateAddress(address(this), nonce + 12);
        eras = new Eras(chainsAt, recoveryAt, renewalsAt);
        keyGeneration = new KeyGeneration(
            chainsAt,
            recoveryAt,
            renewalsAt,
            INodeKeys(nodesAt),
            IKeyGeneration.Windows({accept: 1 hours, dealing: 6 hours, complaints: 6 hours, total: 1 days})
        );
        resharing = new ResharingStandIn(Rotations(rotationsAt));
        rotations = new Rotations(
            address(access),
            Rotations.Parts({
                chains: IChains(chainsAt),
                committees: ICommittees(committeesAt),
                nodes: INodes(nodesAt),
                keyGeneration: keyGeneration,
                resharing: IResharing(address(resharing)),
                recovery: IRecovery(recoveryAt),
                renewals: IRenewals(renewalsAt)
            }),
            IRotations.Parameters({period: PERIOD, linger: LINGER})
        );
        recovery = new Recovery(
            address(access),
            RecoveryClaims.Parts({
                token: IERC20(address(token)),
                pool: address(pool),
                chains: IChains(chainsAt),
                committees: ICommittees(committeesAt),
                nodes: INodes(nodesAt),
                keyGeneration: keyGeneration,
                eras: IEras(address(eras)),
                rotations: IRotations(rotationsAt),
                renewals: IRenewals(renewalsAt)
            }),
            IRecovery.Parameters({silence: SILENCE, claims: CLAIMS, bond: BOND})
        );
        renewals = new Renewals(
            address(access),
            Renewals.Parts({
                chains: IChains(chainsAt),
                committees: ICommittees(committeesAt),
                keyGeneration: keyGeneration,
                eras: IEras(address(eras)),
                rotations: IRotations(rotationsAt),
                recovery: IRecovery(recoveryAt)
            }),
            IRenewals.Parameters({period: ERA_PERIOD, pause: PAUSE})
        );
        grant(address(renewals), Renewals.setParameters.selector, access.PARAMETERS());
        grant(address(recovery), Recovery.setParameters.selector, access.PARAMETERS());
        grant(address(recovery), Recovery.openNow.selector, access.RECOVERER());
        grant(address(rotations), Rotations.setParameters.selector, access.PARAMETERS());
        grant(address(token), TributaryToken.mint.selector, access.MINTER());
        grant(address(validators), Validators.setMinimumStake.selector, access.PARAMETERS());
        grant(address(committees), Committees.setSelectionDelay.selector, access.PARAMETERS());
        grant(address(chains), Chains.setParameters.selector, access.PARAMETERS());
        grant(address(chains), Chains.setPaused.selector, access.REPORTER());
        grant(address(pool), RentPool.pay.selector, access.TREASURER());
    }

    function grant(address target, bytes4 selector, uint64 role) internal {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        access.setTargetFunctionRole(target, selectors, role);
        access.grantRole(role, address(this), 0);
    }

    function account(uint256 index) internal pure returns (address) {
        return vm.addr(0xACC0 + index);
    }

    /// A validator with stake for `stakedNodes`, owned by account(index).
    function addValidator(uint256 index, uint256 stakedNodes) internal returns (uint32 validatorId) {
        address owner = account(index);
        vm.startPrank(owner);
        validatorId = validators.register();
        vm.stopPrank();
        stake(owner, validatorId, stakedNodes * STAKE);
    }

    function stake(address owner, uint32 validatorId, uint256 amount) internal {
        token.mint(owner, amount);
        vm.startPrank(owner);
        token.approve(address(validators), amount);
        validators.deposit(validatorId, amount);
        vm.stopPrank();
    }

    /// Keys of the seedth node: secp256k1 key and BLS secret follow from it.
    function nodeKey(uint256 seed) internal pure returns (uint256) {
        return 0x900D0000 + seed;
    }

    function registration(uint256 seed) internal view returns (INodes.Registration memory) {
        return INodes.Registration({
            endpoint: "127.0.0.1:9000",
            rpc: "http://127.0.0.1:8000",
            nodeAddress: vm.addr(nodeKey(seed)),
            transportKey: keccak256(abi.encode("transport", seed)),
            blsKey: BlsSigner.publicKey(nodeKey(seed))
        });
    }

    function proofOf(uint256 seed) internal view returns (bytes memory) {
        bytes memory compressed = G1.compress(BlsSigner.publicKey(nodeKey(seed)));
        return BlsSigner.sign(nodeKey(seed), Bls.possessionDigest(vm.addr(nodeKey(seed)), compressed));
    }

    function signatureOf(uint256 seed, uint32 validatorId) internal view returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(nodeKey(seed), nodes.registrationDigest(validatorId, registration(seed)));
        return abi.encodePacked(r, s, v);
    }

    /// Registers the seedth node for the validator that account(index) owns.
    function addNode(uint256 index, uint256 seed) internal returns (uint32) {
        uint32 validatorId = validators.validatorOf(account(index));
        INodes.Registration memory node = registration(seed);
        bytes memory signature = signatureOf(seed, validatorId);
        bytes memory proof = proofOf(seed);
        vm.prank(account(index));
        return nodes.register(node, signature, proof);
    }

    /// One validator a node.
    function addNodes(uint256 count) internal {
        for (uint256 i = 0; i < count; i++) {
            addValidator(i, 1);
            addNode(i, i);
        }
    }

    function creation(string memory name, uint8 members) internal view returns (IChains.Creation memory order) {
        order.name = name;
        order.owner = address(this);
        order.size = IChains.Size.Small;
        order.members = members;
        order.months = 6;
        order.gasLimit = 30_000_000;
        order.byteLimit = 1024 * 1024;
    }

    function pay(IChains.Creation memory order) internal returns (uint64) {
        uint256 rent = chains.price(order.size, order.members, order.months);
        token.mint(address(this), rent);
        token.approve(address(chains), rent);
        return chains.createChain(order, rent);
    }

    function create(string memory name, uint8 members) internal returns (uint64) {
        return pay(creation(name, members));
    }

    /// Moves past the seed block of the oldest request and returns its header.
    function passSeedBlock(bytes32 mixHash) internal returns (bytes memory) {
        uint256 seedBlock = committees.nextRequest().seedBlock;
        if (vm.getBlockNumber() <= seedBlock) vm.roll(seedBlock + 1);
        return Headers.record(seedBlock, mixHash);
    }

    function select(uint64 chainId, bytes32 mixHash) internal returns (uint32[] memory) {
        committees.select(chainId, passSeedBlock(mixHash));
        return committees.committeeOf(chainId);
    }

    /// What key generation tells its host at its good end.
    function generateKey(uint64 chainId) internal {
        bytes memory groupKey = G1.compress(BlsSigner.publicKey(uint256(chainId)));
        bytes memory key = abi.encode(uint32(1), uint32(1), groupKey, keccak256("keys"), bytes32(0));
        vm.mockCall(address(keyGeneration), abi.encodeCall(IKeyGeneration.keyOf, (chainId)), key);
        vm.prank(address(keyGeneration));
        chains.keyGenerated(chainId, 1, 1, groupKey, keccak256("keys"));
    }

    function createRunning(string memory name, uint8 members) internal returns (uint64 chainId) {
        chainId = create(name, members);
        select(chainId, keccak256(bytes(name)));
        generateKey(chainId);
    }

    function stateOf(uint64 chainId) internal view returns (uint256) {
        return uint256(chains.stateOf(chainId));
    }

    function assertState(uint64 chainId, IChains.State state) internal view {
        vm.assertEq(stateOf(chainId), uint256(state), "state");
    }
}
