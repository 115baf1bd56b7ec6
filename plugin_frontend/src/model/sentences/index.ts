/**
 * The sentences of the tab, from typed facts: what the views say, and how what they speak of is called and written.
 * Everything that says something to a person comes from here, labels and tooltips included.
 */
export { averagedText, describeAverage, type AverageFacts } from "./aboutAverages";
export { describeCompare, describeFocus, type DifferenceFacts } from "./aboutDifference";
export { describeHead, describeMeasure, describeOverview, type HeadsFacts } from "./aboutHeads";
export { describeGate, describeKey, describeQuery, describeWeight, type MapFacts } from "./aboutMap";
export { describeCell, describeColumnShare, describeDifference, describeMatrix, describeSince } from "./aboutMatrix";
export { cellName, describeRuns, describeRunWeights, type PanelCell, type RunValue } from "./aboutRuns";
export { describeSample, type SampleFacts } from "./aboutSample";
export { describeTable, describeWord } from "./aboutSamples";
export { describeEpochs, describeHeadAtSlot, type StepsFacts } from "./aboutSteps";
export { amountText, changeText, percentText, UNIT_NAMES, unitText } from "./amounts";
export { noMaps, type Logged } from "./noMaps";
export { chosen, plain, quiet, strong, type Part } from "./part";
