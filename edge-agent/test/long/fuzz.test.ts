import { fuzzTests } from '../fuzz-edge.ts'

fuzzTests(100_000, 900_000, true)
