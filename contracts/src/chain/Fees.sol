// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Rules} from "./Rules.sol";
import {IFees} from "./interfaces/IFees.sol";

/// @notice The price of gas. Members read the first two slots: their order and packing are part of the consensus.
contract Fees is IFees {
    Rules private constant RULES = Rules(0x7472696275746172790000000000000000000001);

    /// @notice In place of a selector: calls with fewer than four bytes.
    bytes32 public constant BARE = bytes32(uint256(1));
    /// @notice In place of a selector: all calls.
    bytes32 public constant ANY = bytes32(uint256(2));

    address public treasury;
    uint96 public price;
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

    function setSponsorships(Sponsorship[] calldata sponsorships) external onlyOwner {
        for (uint256 i = 0; i < sponsorships.length; i++) {
            Sponsorship calldata one = sponsorships[i];
            _sponsored[one.target][one.selector] = one.sponsored ? 1 : 0;
            emit SponsorshipSet(one.target, one.selector, one.sponsored);
        }
    }

    function isSponsored(address target, bytes32 selector) external view returns (bool) {
        return _sponsored[target][selector] != 0;
    }
}
