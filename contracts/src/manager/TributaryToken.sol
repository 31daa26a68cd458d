// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";

/// @notice The network's token: stake and rent. Minted by one role of the access manager.
contract TributaryToken is ERC20, ERC20Permit, AccessManaged {
    constructor(address authority) ERC20("Tributary", "TRIB") ERC20Permit("Tributary") AccessManaged(authority) {}

    function mint(address to, uint256 amount) external restricted {
        _mint(to, amount);
    }
}
