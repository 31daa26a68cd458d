// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC721} from "@openzeppelin/contracts/token/ERC721/ERC721.sol";
import {ERC1155} from "@openzeppelin/contracts/token/ERC1155/ERC1155.sol";
import {ERC1155Holder} from "@openzeppelin/contracts/token/ERC1155/utils/ERC1155Holder.sol";
import {ERC721Holder} from "@openzeppelin/contracts/token/ERC721/utils/ERC721Holder.sol";

contract Badge is ERC721("Badge", "BDG") {
    function mint(address to, uint256 id) external {
        _safeMint(to, id);
    }
}

contract Items is ERC1155("https://items.example/{id}") {
    function mint(address to, uint256[] calldata ids, uint256[] calldata values) external {
        _mintBatch(to, ids, values, "");
    }
}

contract Chest is ERC721Holder, ERC1155Holder {}

/// Takes no tokens: it does not say that it can.
contract Wall {}
