using Mirror.Media.Bits;
using Mirror.Media.Codecs;
using Mirror.Media.Frames;
using Mirror.Media.MpegTs;

namespace Mirror.IngestNode.Demux;

/// <summary>Splits the payload of video PES packets (Annex B byte stream, or MPEG-2 video with its start codes) into coded pictures.</summary>
/// <remarks>
/// Where each PES packet starts with an access unit, as nearly all encoders send it, the end of a PES packet ends its last picture at once
/// and the picture is read where it lies. That is found out from the first packets; until then, and for streams that do otherwise, a
/// picture ends when the next one starts, and the bytes of the unfinished one are kept. Two fields of one frame are one picture.
/// </remarks>
internal sealed class VideoAssembler(VideoSyntax syntax, ICodedPictureHandler handler, int largestUnit) : IVideoAssembler
{
    private const int MostNalUnits = 4096;             // of one access unit; level 6.2 allows 600 slices
    private const int AlignedStartsToTrust = 3;        // PES packets seen to start with an access unit before that is relied on
    private const int NeverAligned = -1;
    private readonly NalUnitSpan[] _nalUnits = new NalUnitSpan[MostNalUnits];
    private int _nalUnitCount;
    private byte[] _kept = [];                         // the unfinished access unit
    private int _keptLength;
    private int _scanned;                              // bytes in which all start codes are known
    private int _openCode = -1;                        // start code of the NAL unit whose end is not known
    private int _openStart;
    private int _boundary = -1;                        // index of the first NAL unit that may belong to the next access unit
    private bool _hasPicture;
    private bool _isDamaged;
    private int _alignedStarts;
    private int _payloadStart;                         // where the newest PES packet's payload starts
    private bool _isStartFound;                        // of its first NAL unit
    private bool _isOpenFirst;                         // the NAL unit whose end is not known is that one
    private bool _isOpenAtStart;                       // and nothing but zeros stands before it
    private Timestamps _older;                         // of the PES packet before the newest
    private Timestamps _newest;
    private Timestamps _unit;                          // of the access unit being collected
    private bool _isUnitStamped;

    private readonly record struct Timestamps(long Pts33, long Dts33, DateTime Arrival)
    {
        public static Timestamps None(DateTime arrival) => new(PesHeader.NoTimestamp, PesHeader.NoTimestamp, arrival);
    }

    /// <summary>Reads the NAL units; keeps the parameter sets.</summary>
    public VideoSyntax Syntax => syntax;

    /// <inheritdoc/>
    public long DroppedUnits { get; private set; }

    /// <inheritdoc/>
    public long MalformedUnits { get; private set; }

    /// <inheritdoc/>
    public long SplitUnits { get; private set; }

    /// <inheritdoc/>
    public long MalformedParameterSets => syntax.MalformedParameterSets;

    /// <inheritdoc/>
    public void Write(in PesPacket packet, DateTime arrival)
    {
        _older = _newest;
        _newest = new Timestamps(packet.Header.Pts33, packet.Header.Dts33, arrival);
        _payloadStart = _keptLength;
        _isStartFound = packet.Payload.IsEmpty;
        if (_keptLength + packet.Payload.Length > largestUnit)
        {
            DropUnit();
            _payloadStart = 0;
        }
        ReadOnlySpan<byte> window = packet.Payload;
        if (_keptLength > 0)
        {
            Keep(packet.Payload, _keptLength);
            window = _kept.AsSpan(0, _keptLength);
        }
        Scan(window);
        if (packet.IsTruncated)
        {
            Abandon();
            return;
        }
        if (_alignedStarts >= AlignedStartsToTrust) { FinishUnit(window); }
        KeepRest(window);
    }

    /// <inheritdoc/>
    public void Abandon()
    {
        if (_hasPicture || _openCode >= 0) { DroppedUnits++; }
        Clear();
        syntax.SkipPicture();
        _newest = Timestamps.None(_newest.Arrival);
    }

    /// <inheritdoc/>
    public void Reset()
    {
        Clear();
        syntax.SkipPicture();
        _newest = Timestamps.None(_newest.Arrival);
        _alignedStarts = 0;
    }

    /// <summary>Gives the buffer back to its pool.</summary>
    public void Dispose()
    {
        Clear();
        if (_kept.Length != 0) { BytePool.Return(_kept); }
        _kept = [];
    }

    private void Scan(ReadOnlySpan<byte> window)
    {
        while (true)
        {
            int found = StartCode.IndexOf(window[_scanned..]);
            if (found < 0) { break; }
            int code = _scanned + found;
            if (_openCode >= 0) { CloseNalUnit(window, code); }
            bool hasZeroByte = !syntax.KeepsStartCodes && code > _payloadStart && window[code - 1] == 0;
            _openCode = hasZeroByte ? code - 1 : code;
            _openStart = code + StartCode.Length;
            _scanned = _openStart;
            _isOpenFirst = !_isStartFound && code >= _payloadStart;
            if (!_isOpenFirst) { continue; }
            _isStartFound = true;
            _isOpenAtStart = window[_payloadStart..code].TrimStart((byte)0).IsEmpty;
        }
        _scanned = Math.Max(_scanned, window.Length - (StartCode.Length - 1));
    }

    private void CloseNalUnit(ReadOnlySpan<byte> window, int end)
    {
        int code = _openCode;
        _openCode = -1;
        ReadOnlySpan<byte> nalUnit = window[_openStart..end];
        if (!syntax.KeepsStartCodes) { nalUnit = nalUnit.TrimEnd((byte)0); }          // trailing_zero_8bits, Annex B; headers of MPEG-2 may end in zeros
        if (nalUnit.IsEmpty) { return; }
        NalUnitRole role = syntax.Read(nalUnit, out bool isSample);
        if (_isOpenFirst) { JudgeStart(role); }
        switch (role)
        {
            case NalUnitRole.Malformed:
                MalformedUnits++;
                return;
            case NalUnitRole.DamagedSlice:
                DamageUnit(window);
                return;
            case NalUnitRole.StartsPicture:
                if (_hasPicture) { EmitUnit(window); }
                syntax.BeginPicture();
                _hasPicture = true;
                TakeStampOfSlice(code);
                break;
            case NalUnitRole.ContinuesPicture when !_hasPicture:
                MalformedUnits++;                                                  // its picture was given up or passed on
                return;
            case NalUnitRole.ContinuesPicture:
                _boundary = -1;
                break;
            case NalUnitRole.PrecedesPicture when _hasPicture && _boundary < 0:
                _boundary = _nalUnitCount;
                break;
        }
        AddNalUnit(new NalUnitSpan(code, _openStart, nalUnit.Length, isSample));
    }

    private void DamageUnit(ReadOnlySpan<byte> window)
    {
        if (_hasPicture && _boundary >= 0) { EmitUnit(window); }
        if (_hasPicture)
        {
            _isDamaged = true;
            return;
        }
        DroppedUnits++;
        _nalUnitCount = 0;
        _isUnitStamped = false;
        syntax.SkipPicture();
    }

    private void AddNalUnit(NalUnitSpan nalUnit)
    {
        if (_nalUnitCount == MostNalUnits)
        {
            if (_hasPicture)
            {
                _isDamaged = true;
                return;
            }
            DroppedUnits++;                                                           // a flood of what may come before a picture
            _nalUnitCount = 0;
            _isUnitStamped = false;
        }
        if (!_isUnitStamped) { StampUnit(nalUnit.CodeStart); }
        _nalUnits[_nalUnitCount++] = nalUnit;
    }

    /// <summary>A PES packet's timestamps are those of the first access unit that starts in it (H.222.0 §2.4.3.7).</summary>
    private void StampUnit(int codeStart)
    {
        _isUnitStamped = true;
        if (codeStart >= _payloadStart)
        {
            _unit = _newest;
            _newest = Timestamps.None(_newest.Arrival);
            return;
        }
        _unit = _older;
        _older = Timestamps.None(_older.Arrival);
    }

    /// <summary>Parameter sets may come in a PES packet of their own without PTS, or behind garbage: the picture's own PES packet then tells.</summary>
    private void TakeStampOfSlice(int codeStart)
    {
        if (!_isUnitStamped || _unit.Pts33 >= 0 || codeStart < _payloadStart || _alignedStarts == NeverAligned) { return; }
        _unit = _newest;
        _newest = Timestamps.None(_newest.Arrival);
    }

    /// <summary>Whether a PES packet starts with an access unit, by its first NAL unit.</summary>
    private void JudgeStart(NalUnitRole role)
    {
        if (_isOpenAtStart && role is NalUnitRole.StartsPicture or NalUnitRole.PrecedesPicture)
        {
            if (_alignedStarts is >= 0 and < AlignedStartsToTrust) { _alignedStarts++; }
            return;
        }
        if (_isOpenAtStart && role is not NalUnitRole.ContinuesPicture) { return; }        // damaged: tells nothing
        if (_alignedStarts >= AlignedStartsToTrust) { SplitUnits++; }
        _alignedStarts = NeverAligned;
    }

    /// <summary>The end of an aligned PES packet: its last picture is whole, unless it is the first of two fields.</summary>
    private void FinishUnit(ReadOnlySpan<byte> window)
    {
        if (_openCode >= 0) { CloseNalUnit(window, window.Length); }
        _scanned = window.Length;
        if (_hasPicture && !syntax.Picture.IsLoneField) { EmitUnit(window); }
    }

    private void EmitUnit(ReadOnlySpan<byte> window)
    {
        int count = _boundary >= 0 ? _boundary : _nalUnitCount;
        if (_isDamaged) { DroppedUnits++; }
        else
        {
            var picture = new CodedPicture
            {
                Bytes = window,
                NalUnits = _nalUnits.AsSpan(0, count),
                KeepsStartCodes = syntax.KeepsStartCodes,
                Info = syntax.Picture,
                Pts33 = _unit.Pts33,
                Dts33 = _unit.Dts33,
                Arrival = _unit.Arrival,
            };
            handler.OnPicture(picture);
        }
        _nalUnits.AsSpan(count, _nalUnitCount - count).CopyTo(_nalUnits);
        _nalUnitCount -= count;
        _boundary = -1;
        _hasPicture = false;
        _isDamaged = false;
        _isUnitStamped = false;
        if (_nalUnitCount > 0) { StampUnit(_nalUnits[0].CodeStart); }
    }

    /// <summary>Moves what is not finished to the start of the buffer kept for the next PES packet.</summary>
    private void KeepRest(ReadOnlySpan<byte> window)
    {
        int tail = _openCode >= 0 ? _openCode : Math.Max(0, Math.Min(window.Length, _scanned));
        int from = _nalUnitCount > 0 ? _nalUnits[0].CodeStart : tail;
        int length = window.Length - from;
        if (length == 0)
        {
            _keptLength = 0;
            _scanned = 0;
            return;
        }
        if (from == 0 && _keptLength == length) { return; }
        Keep(window[from..], 0);
        for (int i = 0; i < _nalUnitCount && from > 0; i++)
        {
            _nalUnits[i] = _nalUnits[i] with { CodeStart = _nalUnits[i].CodeStart - from, Start = _nalUnits[i].Start - from };
        }
        if (_openCode >= 0) { (_openCode, _openStart) = (_openCode - from, _openStart - from); }
        _scanned = Math.Max(0, _scanned - from);
    }

    /// <summary>Puts <paramref name="bytes"/> into the kept buffer at <paramref name="position"/>; what follows is cut off.</summary>
    private void Keep(ReadOnlySpan<byte> bytes, int position)
    {
        int needed = position + bytes.Length;
        if (needed > _kept.Length)
        {
            byte[] larger = BytePool.Rent(Math.Max(needed, Math.Min(largestUnit, _kept.Length * 2)));
            _kept.AsSpan(0, position).CopyTo(larger);
            bytes.CopyTo(larger.AsSpan(position));
            if (_kept.Length != 0) { BytePool.Return(_kept); }
            _kept = larger;
        }
        else { bytes.CopyTo(_kept.AsSpan(position)); }
        _keptLength = needed;
    }

    private void DropUnit()
    {
        DroppedUnits++;
        Clear();
        syntax.SkipPicture();
    }

    private void Clear()
    {
        _nalUnitCount = 0;
        _keptLength = 0;
        _scanned = 0;
        _openCode = -1;
        _boundary = -1;
        _hasPicture = false;
        _isDamaged = false;
        _isUnitStamped = false;
    }
}
