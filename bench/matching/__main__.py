from bench.matching.evaluate import main

main()
