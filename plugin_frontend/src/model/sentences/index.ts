/** The sentences of the tab, from typed facts: what the views say, and how what they speak of is called and written. */
export {
  averagedText,
  classMeanName,
  describeAverage,
  partingText,
  peaksText,
  type AverageFacts,
} from "./aboutAverages";
export { exampleCounts, exampleText, nearerText } from "./aboutCell";
export { distanceText } from "./aboutComparison";
export { changeBetween, describeCompare, describeFocus, type DifferenceFacts } from "./aboutDifference";
export { absenceText, boundText, failureText } from "./aboutGaps";
export { describeHead, describeMeasure, describeOverview, type HeadsFacts } from "./aboutHeads";
export { describeGate, describeKey, describeQuery, describeWeight, type MapFacts } from "./aboutMap";
export {
  cellText,
  classText,
  describeCell,
  describeColumnShare,
  describeDifference,
  describeLargestDifference,
  describeMatrix,
  describeNoMatrix,
  describeOutcome,
  describeSince,
  OUTCOMES,
} from "./aboutMatrix";
export {
  bestRunsText,
  cellName,
  countOfRuns,
  describeRuns,
  furtherMetricText,
  describeRunWeights,
  parameterText,
  runGroupText,
  wrongExpressionText,
  type PanelCell,
  type RunsFacts,
  type RunValue,
} from "./aboutRuns";
export { describeSample, type SampleFacts } from "./aboutSample";
export { describeKeywords, describeTable, describeWord } from "./aboutSamples";
export { changeOfHead, describeEpochs, describeHeadAtSlot, type StepsFacts } from "./aboutSteps";
export { damagedText, obstructionText, unreachableText, type Obstruction } from "./aboutProblems";
export { runningText, trainingText } from "./aboutTraining";
export {
  amountText,
  changeText,
  figureText,
  movedText,
  percentText,
  signed,
  timesText,
  UNIT_NAMES,
  unitText,
} from "./amounts";
export { fitSentence, shortName, type FittedPart } from "./fit";
export { kindMeaning, kindName } from "./headKinds";
export { filmOfHeads, thinnedFilm, measureFigure, measureText, measureWords, strongEnd } from "./measureWords";
export { noMaps, type Logged } from "./noMaps";
export { chosen, mentioned, named, plain, quiet, strong, textOf, type Part, type Target } from "./part";
export { reasonText, type ReasonText } from "./worthALook";
