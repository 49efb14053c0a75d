import { type CloudWatchClient, type MetricDatum, PutMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import type { Metric } from '../core/metrics.ts';
import type { Clock, MetricSink } from '../ports.ts';

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html */
const METRICS_PER_CALL = 1_000;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html */
const DIMENSION_VALUE_CHARACTERS = 255;

/**
 * Sends counts to one CloudWatch namespace, dated by arrival: CloudWatch refuses what is older than two weeks, and an
 * alarm looks at now.
 */
export class CloudWatchMetricSink implements MetricSink {
  readonly #client: CloudWatchClient;
  readonly #namespace: string;
  readonly #now: Clock;

  constructor(client: CloudWatchClient, namespace: string, now: Clock) {
    this.#client = client;
    this.#namespace = namespace;
    this.#now = now;
  }

  async put(metrics: readonly Metric[]): Promise<void> {
    const arrived = new Date(this.#now() * 1000);
    for (let from = 0; from < metrics.length; from += METRICS_PER_CALL) {
      const batch = metrics.slice(from, from + METRICS_PER_CALL);
      await this.#client.send(
        new PutMetricDataCommand({ Namespace: this.#namespace, MetricData: batch.map((metric) => datum(metric, arrived)) }),
      );
    }
  }
}

function datum({ name, dimensions, value }: Metric, arrived: Date): MetricDatum {
  return {
    MetricName: name,
    Dimensions: Object.entries(dimensions).map(([Name, text]) => ({ Name, Value: dimensionValue(text) })),
    Value: value,
    Unit: 'Count',
    Timestamp: arrived,
  };
}

/** One refused value would cost its neighbours too: other characters become `?`, and something always stays. */
function dimensionValue(text: string): string {
  const ascii = text.replace(/[^\x20-\x7e]/g, '?').slice(0, DIMENSION_VALUE_CHARACTERS);
  return ascii.trim() === '' ? '?' : ascii;
}
