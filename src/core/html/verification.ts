import type { ReportedVerification } from '../evidence/model.ts';
import { html, type Markup } from './markup.ts';
import { clusterCell, code, figure, figures, keyCell, leftOut, moment, table } from './parts.ts';

const SHOWN = 200;

/** What ECS and KMS said when they were asked; nothing where nobody asked. */
export function verificationSection(verification: ReportedVerification | undefined): Markup | undefined {
  if (verification === undefined) return undefined;
  const { at, clusters, tasks, deviations, more, failed } = verification;
  const shown = deviations.slice(0, SHOWN);
  return html`<section aria-labelledby="verification">
<h2 id="verification">Checked against ECS</h2>
<p>Asked ${moment(at)} UTC about ${figures(clusters, 'cluster')} and ${figures(tasks, 'Fargate task')}: ${deviations.length === 0 ? 'nothing differs from the ledger.' : `${figure(deviations.length + more)} ${deviations.length + more === 1 ? 'thing differs' : 'things differ'} from the ledger.`}</p>
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
}${leftOut(shown.length, deviations.length, 'differences')}${
  failed.length === 0
    ? undefined
    : table(
        'verification-failed',
        `${figures(failed.length, 'question')} without an answer: nothing is known of these`,
        [{ head: 'Asked about' }, { head: 'Why' }],
        failed.map(({ what, why }) => [code(what), why]),
      )
}</section>
`;
}
