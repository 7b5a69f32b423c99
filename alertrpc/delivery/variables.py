from alertrpc.ledger.variables import *
