// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What gas costs on a chain: nothing, or a price that its owner sets. The contract stands at a fixed address of
/// every chain, and members read its storage themselves. What is set holds from the next block on, which shows the price
/// as its base fee. A transaction pays that price for each gas, whatever more it offers, to the treasury.
interface IFees {
    /// @param target of the transaction
    /// @param selector four bytes and zeros, BARE or ANY
    struct Sponsorship {
        address target;
        bytes32 selector;
        bool sponsored;
    }

    event PriceSet(uint96 price, address treasury);
    event SponsorshipSet(address indexed target, bytes32 indexed selector, bool sponsored);

    error NotOwner(address account);

    /// @param newPrice wei a gas; 0: nobody pays
    /// @param newTreasury gets what is paid; the zero address: nobody does
    function setPrice(uint96 newPrice, address newTreasury) external;

    /// @notice Transactions that call so, and offer less than the price, pay nothing; what they use is counted as the
    /// owner's, whose credit they share.
    function setSponsorships(Sponsorship[] calldata changes) external;

    function price() external view returns (uint96);
    function treasury() external view returns (address);
    function isSponsored(address target, bytes32 selector) external view returns (bool);
}
