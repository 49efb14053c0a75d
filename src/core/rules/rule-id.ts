/** The public id of a rule: the name of its file. The registry lists them. */
export type RuleId = string;
