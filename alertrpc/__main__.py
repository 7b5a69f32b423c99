from alertrpc.cli import main

main()
