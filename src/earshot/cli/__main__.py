from earshot.cli import main

main()
