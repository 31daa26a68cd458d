// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice What gas costs on a chain: nothing, a fixed price, or ordinary fees (EIP-1559) between bounds that the owner
/// sets; and priority, which the owner may sell. The contract stands at a fixed address of every chain, and members read
/// its storage themselves. What is set holds from the next block on, which shows the price as its base fee.
interface IFees {
    /// @param target of the transaction
    /// @param selector four bytes and zeros, BARE or ANY
    struct Sponsorship {
        address target;
        bytes32 selector;
        bool sponsored;
    }

    event PriceSet(uint96 price, address treasury);
    event OrdinaryFeesSet(uint96 floor, uint96 ceiling, address treasury);
    event SponsorshipSet(address indexed target, bytes32 indexed selector, bool sponsored);
    event PrioritySaleSet(uint96 pricePerGas, uint64 capacity);
    event PriorityBought(
        address indexed buyer, address indexed account, uint256 firstPeriod, uint256 periods, uint64 gasPerSecond
    );
    event Withdrawn(address indexed to, uint256 amount);

    error NotOwner(address account);
    error InvalidBounds(uint96 floor, uint96 ceiling);
    error InvalidPeriods(uint256 firstPeriod, uint256 periods);
    error NoRate();
    error SoldOut(uint256 period);
    error Underpaid(uint256 asked, uint256 paid);
    error PaymentFailed(address to);

    /// @notice A fixed price: a transaction pays it for each gas, whatever more it offers.
    /// @param newPrice wei a gas; 0: nobody pays
    /// @param newTreasury gets what is paid; the zero address: nobody does
    function setPrice(uint96 newPrice, address newTreasury) external;

    /// @notice Ordinary fees: the base fee follows the gas that blocks use, by EIP-1559's formula, within the bounds. A
    /// transaction pays it and the tip that it offers, all of it to the treasury.
    /// @param floor wei a gas, above 0
    /// @param ceiling wei a gas, no less than the floor; the largest number for none
    function setOrdinaryFees(uint96 floor, uint96 ceiling, address newTreasury) external;

    /// @notice Transactions that call so, and offer less than the price, pay nothing; what they use is counted as the
    /// owner's, whose credit they share.
    function setSponsorships(Sponsorship[] calldata changes) external;

    /// @notice On what terms priority is sold from now on. What was bought stays.
    /// @param newPrice wei for each gas of a rate
    /// @param newCapacity gas a second that all buyers together may have at a time; 0: no more is sold
    function setPrioritySale(uint96 newPrice, uint64 newCapacity) external;

    /// @notice Buys an account priority: for the gas that its transactions use at the rate, they come before others. What
    /// is paid beyond `priorityCost` comes back; rates of several purchases add up.
    /// @param gasPerSecond above 0
    /// @param firstPeriod number of the first hour: seconds since 1970 divided by PERIOD; the present one or later
    /// @param periods hours, ending no later than MAX_PERIODS from now
    function buyPriority(address account, uint64 gasPerSecond, uint256 firstPeriod, uint256 periods) external payable;

    /// @notice Gives to the owner what buyers paid.
    function withdraw(address payable to, uint256 amount) external;

    /// @notice The fixed price, or the floor of ordinary fees.
    function price() external view returns (uint96);
    /// @notice The ceiling of ordinary fees; 0: the price is fixed.
    function ceiling() external view returns (uint96);
    function treasury() external view returns (address);
    function isSponsored(address target, bytes32 selector) external view returns (bool);
    /// @notice Wei to pay if it is bought in this block; of the present period what is left of it counts.
    function priorityCost(uint64 gasPerSecond, uint256 firstPeriod, uint256 periods) external view returns (uint256);
    /// @notice Gas a second that an account has priority for.
    function priorityOf(address account, uint256 period) external view returns (uint256);
    /// @notice Gas a second that is sold of a period.
    function prioritySold(uint256 period) external view returns (uint256);
}
