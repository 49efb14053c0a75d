// Compiles the byte scanner of the archive reader (AssemblyScript) to one small file beside the command line.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import asc from 'assemblyscript/asc';

/** Writes scanner.wasm to `target`. */
export async function buildScanner(root, target) {
  const name = 'scanner.wasm';
  let binary;
  const { error, stderr } = await asc.main(
    [
      'assembly/scanner.ts',
      ...['--baseDir', root, '--outFile', name, '--optimizeLevel', '3', '--shrinkLevel', '0', '--converge', '--noAssert'],
      ...['--runtime', 'stub', '--enable', 'simd', '--importMemory', '--noExportMemory', '--initialMemory', '1', '--use', 'abort='],
    ],
    {
      writeFile: (file, contents) => {
        if (file === name) binary = contents;
      },
    },
  );
  if (error || binary === undefined) throw new Error(`scanner.wasm was not built\n${stderr.toString()}`, { cause: error });
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, binary);
}
