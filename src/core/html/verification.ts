import type { Verification } from '../evidence/model.ts';
import { html, type Markup } from './markup.ts';
import { clusterCell, code, figure, figures, keyCell, leftOut, moment, table } from './parts.ts';

const SHOWN = 200;

/** What ECS and KMS said when they were asked; nothing where nobody asked. */
export function verificationSection(verification: Verification | undefined): Markup | undefined {
  if (verification === undefined) return undefined;
  const { at, deviations } = verification;
  const shown = deviations.slice(0, SHOWN);
  return html`<section aria-labelledby="verification">
<h2 id="verification">Checked against ECS and KMS</h2>
<p>Asked ${moment(at)} UTC: ${deviations.length === 0 ? 'they agree with the ledger.' : `${figure(deviations.length)} ${deviations.length === 1 ? 'thing differs' : 'things differ'} from the ledger.`}</p>
${
  deviations.length === 0
    ? undefined
    : table(
        'verification-table',
        figures(deviations.length, 'difference'),
        [{ head: 'What differs' }, { head: 'Cluster' }, { head: 'Task' }, { head: 'Key' }],
        shown.map(({ sentence, clusterAccount, clusterName, taskArn, keyArn }) => [
          sentence,
          clusterCell(clusterAccount, clusterName),
          taskArn === undefined ? undefined : code(taskArn),
          keyArn === undefined ? undefined : keyCell(keyArn),
        ]),
      )
}${leftOut(shown.length, deviations.length, 'differences')}</section>
`;
}
