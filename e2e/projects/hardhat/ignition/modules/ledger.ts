import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";

export default buildModule("LedgerModule", (module) => {
  const ledger = module.contract("Ledger", [module.getParameter("title", "debts")], { value: 7n });
  const reader = module.contract("Reader", [ledger]);
  const [one, other] = [module.getAccount(0), module.getAccount(1)];
  module.call(ledger, "note", [one, other, 30n]);
  return { ledger, reader };
});
