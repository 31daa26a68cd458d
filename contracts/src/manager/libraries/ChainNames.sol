// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice What a chain is called: the rules of names, the id and the group derived from the creation.
library ChainNames {
    /// Above every 32-bit id in use elsewhere, below what wallets take (MetaMask: 4503599627370476).
    uint256 internal constant LOWEST_ID = 1 << 32;
    uint256 internal constant HIGHEST_ID = 4_503_599_627_370_475;
    uint256 private constant LONGEST = 32;

    /// @notice 1 to 32 bytes of a-z, 0-9 and '-'.
    function isValid(string calldata name) internal pure returns (bool) {
        bytes calldata text = bytes(name);
        if (text.length == 0 || text.length > LONGEST) return false;
        for (uint256 i = 0; i < text.length; i++) {
            bytes1 c = text[i];
            if (!((c >= "a" && c <= "z") || (c >= "0" && c <= "9") || c == "-")) return false;
        }
        return true;
    }

    function id(uint256 mainchain, address manager, uint256 nonce, string calldata name)
        internal
        pure
        returns (uint64)
    {
        uint256 hash = uint256(keccak256(abi.encode("tributary/chain", mainchain, manager, nonce, name)));
        return SafeCast.toUint64(LOWEST_ID + hash % (HIGHEST_ID - LOWEST_ID + 1));
    }

    function group(uint256 mainchain, address manager, uint256 chainId, uint256 nonce) internal pure returns (bytes32) {
        return keccak256(abi.encode("tributary/group", mainchain, manager, chainId, nonce));
    }
}
