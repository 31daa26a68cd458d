import { EVMError } from "@ethereumjs/evm";

/** geth's words for what ended an execution, so that clients recognise them. */
export function haltMessage(error: string): string {
  switch (error) {
    case EVMError.errorMessages.OUT_OF_GAS:
      return "out of gas";
    case EVMError.errorMessages.CODESTORE_OUT_OF_GAS:
      return "contract creation code storage out of gas";
    case EVMError.errorMessages.CODESIZE_EXCEEDS_MAXIMUM:
      return "max code size exceeded";
    case EVMError.errorMessages.INITCODE_SIZE_VIOLATION:
      return "max initcode size exceeded";
    case EVMError.errorMessages.INVALID_JUMP:
      return "invalid jump destination";
    case EVMError.errorMessages.INVALID_BYTECODE_RESULT:
      return "invalid code: must not begin with 0xef";
    case EVMError.errorMessages.CREATE_COLLISION:
      return "contract address collision";
    case EVMError.errorMessages.STATIC_STATE_CHANGE:
      return "write protection";
    case EVMError.errorMessages.INSUFFICIENT_BALANCE:
      return "insufficient balance for transfer";
    default:
      return error;
  }
}
