// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Rules} from "./Rules.sol";
import {IFees} from "./interfaces/IFees.sol";

/// @notice The price of gas. Members read the first three slots: their order and packing are part of the consensus.
contract Fees is IFees {
    Rules private constant RULES = Rules(0x7472696275746172790000000000000000000001);

    /// @notice In place of a selector: calls with fewer than four bytes.
    bytes32 public constant BARE = bytes32(uint256(1));
    /// @notice In place of a selector: all calls.
    bytes32 public constant ANY = bytes32(uint256(2));

    address public treasury;
    uint96 public price;
    /// @notice Sponsored pairs of target and selector.
    uint256 public sponsorships;
    mapping(address => mapping(bytes32 => uint256)) private _sponsored;

    modifier onlyOwner() {
        if (msg.sender != RULES.owner()) revert NotOwner(msg.sender);
        _;
    }

    function setPrice(uint96 newPrice, address newTreasury) external onlyOwner {
        price = newPrice;
        treasury = newTreasury;
        emit PriceSet(newPrice, newTreasury);
    }

    function setSponsorships(Sponsorship[] calldata changes) external onlyOwner {
        for (uint256 i = 0; i < changes.length; i++) {
            Sponsorship calldata one = changes[i];
            uint256 value = one.sponsored ? 1 : 0;
            sponsorships = sponsorships + value - _sponsored[one.target][one.selector];
            _sponsored[one.target][one.selector] = value;
            emit SponsorshipSet(one.target, one.selector, one.sponsored);
        }
    }

    function isSponsored(address target, bytes32 selector) external view returns (bool) {
        return _sponsored[target][selector] != 0;
    }
}
