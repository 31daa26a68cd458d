// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Judges what tributary_getProof of a chain's member answers: what an account held after a certified block. The
/// ground for claims against a chain that stopped for ever: nobody of its committee has to take part.
/// @dev Not a judge of age: any certified block proves its own state. Whoever pays out by it must settle which block counts,
/// and knows that q members of a past committee of the era can certify anything (see the certificates' limits).
interface IStateProofs {
    /// @param container Encoding of the container's header. @param certificateEra Of the key that certified it.
    /// @param groupKey The era's key, 128 bytes as EIP-2537 takes it. @param certificate F(h), 256 bytes likewise.
    /// @param index, count, siblings The block's branch to the container's root of segments.
    /// @param header RLP of the block's header.
    struct Certified {
        bytes container;
        uint32 certificateEra;
        bytes groupKey;
        bytes certificate;
        uint32 index;
        uint32 count;
        bytes32[] siblings;
        bytes header;
    }

    /// @param entries All of the bucket, by ascending key: u8 length ‖ key ‖ u8 length ‖ value.
    /// @param siblings Eight, from the leaf upwards.
    struct Bucket {
        uint8 bucket;
        bytes entries;
        bytes32[] siblings;
    }

    struct State {
        bytes32 root;
        uint64 blockNumber;
        /// Seconds.
        uint64 timestamp;
    }

    error MalformedContainer();
    error OtherGroup(bytes32 group);
    error HeightOutsideEra(uint64 height, uint64 firstHeight, uint64 lastHeight);
    error BadCertificate();
    error OtherBlock();
    error BadBucket();
    error OtherBucket(uint8 bucket, uint8 expected);

    /// @notice State after a block of the chain, by its certificate. About 250 000 gas.
    function stateOf(uint64 chainId, Certified calldata certified) external view returns (State memory);

    /// @notice Checks the whole of a bucket against a state root: about 325 000 gas for each of its entries.
    /// An account that the state does not hold has nonce 0, balance 0 and the hash of no code.
    function accountIn(bytes32 stateRoot, Bucket calldata bucket, address account)
        external
        view
        returns (uint64 nonce, uint256 balance, bytes32 codeHash);

    /// @notice As `accountIn`; 0 for a slot that the state does not hold.
    function storageIn(bytes32 stateRoot, Bucket calldata bucket, address account, bytes32 slot)
        external
        view
        returns (bytes32 value);
}
