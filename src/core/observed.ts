/** What a call showed, or which call failed and why. */
export type Observed<T> = { readonly seen: T } | { readonly failed: string };

/** Where a deployment lives, and the parts of it that commands name. */
export interface Deployment {
  readonly stack: string;
  readonly region: string;
  readonly auditArn?: string | undefined;
  readonly sweepArn?: string | undefined;
  readonly sweepRoleArn?: string | undefined;
  /** The queue for what EventBridge could not deliver. */
  readonly undeliveredArn?: string | undefined;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_EventSelector.html */
export interface ClassicSelector {
  readonly ReadWriteType?: string | undefined;
  readonly IncludeManagementEvents?: boolean | undefined;
  readonly ExcludeManagementEventSources?: readonly string[] | undefined;
  readonly DataResources?: readonly object[] | undefined;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html */
export interface FieldSelector {
  readonly Field?: string | undefined;
  readonly Equals?: readonly string[] | undefined;
  readonly StartsWith?: readonly string[] | undefined;
  readonly EndsWith?: readonly string[] | undefined;
  readonly NotEquals?: readonly string[] | undefined;
  readonly NotStartsWith?: readonly string[] | undefined;
  readonly NotEndsWith?: readonly string[] | undefined;
}

/** Events match when all the field selectors do. */
export interface AdvancedSelector {
  readonly Name?: string | undefined;
  readonly FieldSelectors?: readonly FieldSelector[] | undefined;
}

/** A trail has selectors of one kind. */
export interface TrailSelectors {
  readonly classic: readonly ClassicSelector[];
  readonly advanced: readonly AdvancedSelector[];
}

/** A trail that covers the deployment's Region. */
export interface TrailSeen {
  readonly name: string;
  readonly arn: string;
  readonly homeRegion: string;
  readonly logging: Observed<boolean>;
  readonly selectors: Observed<TrailSelectors>;
}

/** What EventBridge knows of a rule. */
export interface RuleState {
  readonly state: string;
  /** True for a rule that goes by the clock and not by events. */
  readonly scheduled: boolean;
  readonly description?: string;
}

/** A rule of the stack. */
export interface RuleSeen {
  /** Its name in the template. */
  readonly id: string;
  readonly name: string;
  /** Undefined where the stack has a rule that EventBridge does not. */
  readonly rule: Observed<RuleState | undefined>;
  /** The ARNs it sends to. */
  readonly targets: Observed<readonly string[]>;
}

/** A subscription, confirmed or not. */
export interface SubscriptionSeen {
  readonly protocol: string;
  readonly endpoint: string;
  readonly confirmed: boolean;
}

/** A KMS key. `state` is KMS's KeyState. */
export interface KeySeen {
  readonly state: string;
  /** True for a key that AWS made for the account, such as `alias/aws/sns`. */
  readonly awsManaged: boolean;
  readonly keyStoreId?: string;
}

/** A topic of the deployment. */
export interface TopicSeen {
  readonly role: 'alert' | 'health';
  readonly arn: string;
  /** Undefined where the topic is gone. */
  readonly subscriptions: Observed<readonly SubscriptionSeen[] | undefined>;
  /** Undefined where the topic has no key. */
  readonly key: Observed<TopicKeySeen | undefined>;
}

/** The key a topic is encrypted under. */
export interface TopicKeySeen {
  readonly arn: string;
  /** Undefined where KMS knows no such key. */
  readonly key: Observed<KeySeen | undefined>;
}

/** All that was observed of a deployment. */
export interface Observations {
  readonly deployment: Deployment;
  readonly trails: Observed<readonly TrailSeen[]>;
  readonly rules: Observed<readonly RuleSeen[]>;
  /** The names in the template of the rules that must be there. */
  readonly expectedRules: readonly string[];
  readonly topics: Observed<readonly TopicSeen[]>;
  /** Seconds since the canary last came back, undefined where it never did; absent where nobody asked. */
  readonly canary?: Observed<number | undefined>;
}
