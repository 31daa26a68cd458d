// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {IRecovery} from "../../src/manager/interfaces/IRecovery.sol";
import {RecoveryTest} from "./RecoveryTest.sol";

/// An order was claimed whose bodies nobody serves: the era that took it over can make nothing of it final.
contract LackingOrdersTest is RecoveryTest {
    /// Era 2 takes 41 to 44 over from era 1.
    function setUp() public override {
        super.setUp();
        open();
        claimFinal(40, 1);
        claimOrder(44, 1);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(2, 1);
        open();
    }

    function lack(uint256 count) internal {
        uint32[] memory members = committees.committeeOf(chain);
        for (uint256 seat = 0; seat < count; seat++) {
            vm.prank(nodes.accountOf(members[seat]));
            recovery.lack(chain);
        }
    }

    function claimInherited(uint64 height, uint32 era) internal returns (bytes32 digest) {
        bytes memory content = orderContent(orderOf(height - 1));
        digest = orderDigest(era, height, content);
        recovery.claimInherited(chain, era, IRecovery.Order(1, height, content), keyOf(era), sign(era, digest));
    }

    function test_withoutAQuorumTheClaimStands() external {
        lack(4);
        claimInherited(42, 1);
        close();
        vm.assertEq(recovery.beginningOf(chain, 3).orderHeight, 44);
    }

    function test_aQuorumThatLacksItFallsBackToWhatIsFinal() external {
        lack(5);
        close();
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 3);
        vm.assertEq(beginning.finalHeight, 40);
        vm.assertEq(beginning.orderHeight, 40);
        vm.assertEq(beginning.orderDigest, orderOf(40));
    }

    function test_aQuorumThatLacksItFallsBackToTheHighestLowerOrder() external {
        lack(5);
        claimInherited(42, 1);
        bytes32 digest = claimInherited(43, 1);
        // Whatever the era itself ordered stands upon what is lacking.
        claimOrder(46, 2);
        close();
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 3);
        vm.assertEq(beginning.finalHeight, 40);
        vm.assertEq(beginning.orderHeight, 43);
        vm.assertEq(beginning.orderDigest, digest);
    }

    /// What became final in the era below the lacking height stays, though a lower order was claimed before.
    function test_whatIsFinalIsNotLost() external {
        claimInherited(41, 1);
        claimFinal(42, 2);
        lack(5);
        close();
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 3);
        vm.assertEq(beginning.finalHeight, 42);
        vm.assertEq(beginning.orderHeight, 42);
        vm.assertEq(beginning.orderDigest, orderOf(42));
        standFirst(7);
        recovery.start(chain);
        generate(3, 1);
        vm.assertEq(eras.eraAt(chain, 42).era, 2);
        vm.assertEq(eras.eraAt(chain, 43).era, 3);
    }

    /// Members that are behind do not undo what the era made of all that it took over.
    function test_whereAllOfItBecameFinalNothingIsLacking() external {
        claimFinal(44, 2);
        bytes32 digest = claimOrder(46, 2);
        lack(7);
        close();
        IRecovery.Beginning memory beginning = recovery.beginningOf(chain, 3);
        vm.assertEq(beginning.finalHeight, 44);
        vm.assertEq(beginning.orderHeight, 46);
        vm.assertEq(beginning.orderDigest, digest);
    }

    /// Three eras: each height counts under the key of the era that ordered it for good.
    function test_ordersCountInTheEraThatOrderedThem() external {
        claimOrder(46, 2);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        open();
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotInherited.selector, 1, 45));
        this.claimInheritedOf(45, 1);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotInherited.selector, 2, 44));
        this.claimInheritedOf(44, 2);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotInherited.selector, 2, 46));
        this.claimInheritedOf(46, 2);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotInherited.selector, 3, 45));
        this.claimInheritedOf(45, 3);
        claimInherited(44, 1);
        claimInherited(45, 2);
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotHigher.selector, 44, 45));
        this.claimInheritedOf(44, 1);
        lack(5);
        close();
        vm.assertEq(recovery.beginningOf(chain, 4).orderHeight, 45);
    }

    function claimInheritedOf(uint64 height, uint32 era) external {
        claimInherited(height, era);
    }

    function test_lyingClaimsAreRefused() external {
        bytes memory content = orderContent("previous");
        bytes memory key = keyOf(1);
        bytes memory good = sign(1, orderDigest(1, 42, content));
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimInherited(chain, 1, IRecovery.Order(1, 43, content), key, good);
        vm.expectRevert(IRecovery.BadCertificate.selector);
        recovery.claimInherited(chain, 1, IRecovery.Order(1, 42, orderContent("another")), key, good);
        vm.expectRevert(IRecovery.MalformedOrder.selector);
        recovery.claimInherited(chain, 1, IRecovery.Order(1, 42, new bytes(33)), key, good);
        recovery.claimInherited(chain, 1, IRecovery.Order(1, 42, content), key, good);
    }

    function test_onlyMembersLackOnceWhileClaimsAreTaken() external {
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotAMember.selector, chain, address(this)));
        recovery.lack(chain);
        lack(1);
        uint32 first = committees.committeeOf(chain)[0];
        vm.prank(nodes.accountOf(first));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.AlreadyLacks.selector, first));
        recovery.lack(chain);
        uint64 until = recovery.opened(chain).closesAt;
        vm.warp(until);
        vm.prank(nodes.accountOf(committees.committeeOf(chain)[1]));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.ClaimsOver.selector, until));
        recovery.lack(chain);
    }

    function test_anEraThatTookNothingOverLacksNothing() external {
        claimFinal(47, 2);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        open();
        vm.prank(nodes.accountOf(committees.committeeOf(chain)[0]));
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NothingInherited.selector, chain));
        recovery.lack(chain);
    }
}

/// A first Recovery found nothing at all: what its chain had ordered before is void for ever.
contract LackingFromGenesisTest is RecoveryTest {
    function setUp() public override {
        super.setUp();
        open();
        standFirst(7);
        close();
        recovery.start(chain);
        generate(2, 1);
        open();
        claimOrder(6, 2);
        standFirst(7);
        close();
        recovery.start(chain);
        generate(3, 1);
        open();
    }

    function claim(uint64 height, uint32 era) external {
        bytes memory content = orderContent(orderOf(height - 1));
        bytes32 digest = orderDigest(era, height, content);
        recovery.claimInherited(chain, era, IRecovery.Order(1, height, content), keyOf(era), sign(era, digest));
    }

    function test_whatWasOrderedBeforeIsNotInherited() external {
        vm.expectRevert(abi.encodeWithSelector(IRecovery.NotInherited.selector, 1, 5));
        this.claim(5, 1);
        this.claim(5, 2);
    }
}
