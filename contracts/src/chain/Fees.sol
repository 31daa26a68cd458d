// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Rules} from "./Rules.sol";
import {IFees} from "./interfaces/IFees.sol";

/// @notice The price of gas. Members read the first six slots: their order and packing are part of the consensus.
contract Fees is IFees {
    Rules private constant RULES = Rules(0x7472696275746172790000000000000000000001);

    /// @notice In place of a selector: calls with fewer than four bytes.
    bytes32 public constant BARE = bytes32(uint256(1));
    /// @notice In place of a selector: all calls.
    bytes32 public constant ANY = bytes32(uint256(2));
    /// @notice Seconds of a period of priority.
    uint256 public constant PERIOD = 1 hours;
    /// @notice Periods ahead, the present one included, that priority is sold for.
    uint256 public constant MAX_PERIODS = 72;

    address public treasury;
    uint96 public price;
    /// @notice Sponsored pairs of target and selector.
    uint256 public sponsorships;
    mapping(address => mapping(bytes32 => uint256)) private _sponsored;
    uint96 public ceiling;
    /// @notice Wei for each gas of a rate.
    uint96 public priorityPrice;
    /// @notice Gas a second that may be sold of each period.
    uint64 public priorityCapacity;
    mapping(address => mapping(uint256 => uint256)) private _priority;
    mapping(uint256 => uint256) private _sold;

    modifier onlyOwner() {
        if (msg.sender != RULES.owner()) revert NotOwner(msg.sender);
        _;
    }

    function setPrice(uint96 newPrice, address newTreasury) external onlyOwner {
        price = newPrice;
        treasury = newTreasury;
        ceiling = 0;
        emit PriceSet(newPrice, newTreasury);
    }

    function setOrdinaryFees(uint96 floor, uint96 newCeiling, address newTreasury) external onlyOwner {
        if (floor == 0 || newCeiling < floor) revert InvalidBounds(floor, newCeiling);
        price = floor;
        treasury = newTreasury;
        ceiling = newCeiling;
        emit OrdinaryFeesSet(floor, newCeiling, newTreasury);
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

    function setPrioritySale(uint96 newPrice, uint64 newCapacity) external onlyOwner {
        priorityPrice = newPrice;
        priorityCapacity = newCapacity;
        emit PrioritySaleSet(newPrice, newCapacity);
    }

    function buyPriority(address account, uint64 gasPerSecond, uint256 firstPeriod, uint256 periods) external payable {
        if (gasPerSecond == 0) revert NoRate();
        uint256 asked = priorityCost(gasPerSecond, firstPeriod, periods);
        if (msg.value < asked) revert Underpaid(asked, msg.value);
        uint256 capacity = priorityCapacity;
        for (uint256 period = firstPeriod; period < firstPeriod + periods; period++) {
            uint256 sold = _sold[period] + gasPerSecond;
            if (sold > capacity) revert SoldOut(period);
            _sold[period] = sold;
            _priority[account][period] += gasPerSecond;
        }
        emit PriorityBought(msg.sender, account, firstPeriod, periods, gasPerSecond);
        // Time passed since the buyer asked for the cost.
        if (msg.value > asked) _pay(payable(msg.sender), msg.value - asked);
    }

    function withdraw(address payable to, uint256 amount) external onlyOwner {
        emit Withdrawn(to, amount);
        _pay(to, amount);
    }

    function isSponsored(address target, bytes32 selector) external view returns (bool) {
        return _sponsored[target][selector] != 0;
    }

    function priorityCost(uint64 gasPerSecond, uint256 firstPeriod, uint256 periods) public view returns (uint256) {
        uint256 present = block.timestamp / PERIOD;
        // In this order nothing overflows.
        bool valid = firstPeriod >= present && firstPeriod < present + MAX_PERIODS && periods > 0
            && periods <= present + MAX_PERIODS - firstPeriod;
        if (!valid) revert InvalidPeriods(firstPeriod, periods);
        uint256 start = firstPeriod == present ? block.timestamp : firstPeriod * PERIOD;
        return ((firstPeriod + periods) * PERIOD - start) * gasPerSecond * priorityPrice;
    }

    function priorityOf(address account, uint256 period) external view returns (uint256) {
        return _priority[account][period];
    }

    function prioritySold(uint256 period) external view returns (uint256) {
        return _sold[period];
    }

    function _pay(address payable to, uint256 amount) private {
        (bool done,) = to.call{value: amount}("");
        if (!done) revert PaymentFailed(to);
    }
}
