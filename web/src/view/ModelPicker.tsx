import {models} from '../state/app';
import {addModel, chooseMode, chooseModel, chosen, maxCompared, mode, modes, removeModel} from '../state/choice';
import {Button, IconButton} from './Button';
import {grouped} from './grouped';
import {Icon, type IconName} from './icons';

const about: Record<string, {label: string; icon: IconName; hint: string}> = {
  direct: {label: 'Direct', icon: 'one', hint: 'One model answers.'},
  compare: {label: 'Compare', icon: 'columns', hint: 'Two to four models answer side by side.'},
  random: {label: 'Random', icon: 'dice', hint: 'Two models, drawn and unnamed until you have voted.'},
};

export function ModePicker() {
  return (
    <fieldset class="modes">
      <legend class="hidden">Mode</legend>
      {modes.map((each) => (
        <label class="mode" title={about[each]!.hint}>
          <input type="radio" name="mode" value={each} checked={mode.value === each} onChange={() => chooseMode(each)} />
          <Icon name={about[each]!.icon} />
          <span>{about[each]!.label}</span>
        </label>
      ))}
    </fieldset>
  );
}

export function ModelPicker() {
  const seats = chosen.value;
  if (mode.value === 'random') return <p class="hint">{about['random']!.hint}</p>;
  return (
    <div class="seats">
      {seats.map((id, at) => (
        <div class="seat" data-seat={mode.value === 'direct' ? '' : 'abcd'[at]}>
          <span class="dot" aria-hidden="true" />
          <select aria-label={seats.length > 1 ? `Model ${'ABCD'[at]}` : 'Model'} value={id} onChange={(event) => chooseModel(at, event.currentTarget.value)}>
            {grouped(models.value ?? [], (model) => model.provider).map(([provider, list]) => (
              <optgroup label={provider}>
                {list.map((model) => (
                  <option value={model.id} disabled={!model.available}>
                    {model.display_name}
                    {model.available ? '' : ' (needs a key)'}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
          <Icon name="down" />
          {seats.length > 2 && <IconButton icon="close" label={`Remove model ${'ABCD'[at]}`} onClick={() => removeModel(at)} />}
        </div>
      ))}
      {mode.value === 'compare' && seats.length < maxCompared && (
        <Button class="add" onClick={addModel}>
          <Icon name="plus" /> Add
        </Button>
      )}
    </div>
  );
}
