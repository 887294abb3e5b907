import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CodedError } from '#observability';
import { isoTime, publicId, PublicIdPipe, uuidOf } from './fields.js';

describe('a public id', () => {
  it('is a TypeID and leads back to its UUID', () => {
    expect(publicId('acc', '01890a5d-ac96-774b-bcce-b302099a8057')).toBe('acc_01h455vb4pex5vsknk084sn02q');
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        expect(uuidOf('acc', publicId('acc', uuid))).toBe(uuid);
      }),
    );
  });

  it.each([
    '',
    'acc',
    'acc_',
    'oa_01h455vb4pex5vsknk084sn02q',
    'acc_01h455vb4pex5vsknk084sn02',
    'acc_01h455vb4pex5vsknk084sn02qq',
    'acc_81h455vb4pex5vsknk084sn02q',
    'acc_01h455vb4pex5vsknk084sn02u ',
    'acc_01H455VB4PEX5VSKNK084SN02Q',
    'acc_01h455vb4pex5vsknk084sn02i',
    'ACC_01h455vb4pex5vsknk084sn02q',
    'acc_acc_01h455vb4pex5vsknk084sn02q',
    '01890a5d-ac96-774b-bcce-b302099a8057',
  ])('is not %j', (text) => {
    expect(uuidOf('acc', text)).toBeUndefined();
  });

  it('has one spelling only', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (suffix) => {
        const uuid = uuidOf('acc', `acc_${suffix}`);
        expect(uuid === undefined || publicId('acc', uuid) === `acc_${suffix}`).toBe(true);
      }),
    );
  });

  it('gets the answer of an unknown id when it is malformed in a path', () => {
    const pipe = new PublicIdPipe('acc', 'account.not_found', 'account');
    expect(() => pipe.transform('acc_x')).toThrow(new CodedError('account.not_found', 'There is no such account.'));
  });
});

describe('a time', () => {
  it('is in UTC and has no milliseconds', () => {
    expect(isoTime(new Date('2026-11-22T09:15:30.987+02:00'))).toBe('2026-11-22T07:15:30Z');
    expect(isoTime(null)).toBeNull();
  });
});
