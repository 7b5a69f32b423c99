from alertrpc.ledger.templates import names as names
from alertrpc.ledger.templates import render as render
