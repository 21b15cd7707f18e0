using Mirror.Media.Bits;

namespace Mirror.Media.Codecs.Aac;

/// <summary>Where an AAC frame lies within an AudioMuxElement.</summary>
/// <param name="BitPosition">Its first bit.</param>
/// <param name="Length">Its bytes.</param>
public readonly record struct LatmFrame(long BitPosition, int Length);

/// <summary>Reads AudioMuxElements of LATM with one programme and one layer, all that broadcast uses (ISO/IEC 14496-3 §1.7.3).</summary>
/// <remarks>Keeps the StreamMuxConfig from one element to the next. Not thread-safe.</remarks>
public sealed class LatmReader
{
    /// <summary>Most frames in one element: numSubFrames has six bits.</summary>
    public const int MostFrames = 64;

    private int _subFrames;
    private int _fixedLength;
    private bool _hasFixedLength;

    /// <summary>The configuration of the audio; <see langword="null"/> until one was read.</summary>
    public AudioSpecificConfig? Config { get; private set; }

    /// <summary>Finds the frames of one element.</summary>
    /// <param name="element">An AudioMuxElement with muxConfigPresent 1, as in LOAS.</param>
    /// <param name="frames">Takes the frames, in order; <see cref="MostFrames"/> long.</param>
    /// <returns>How many frames there are; -1 when the element is damaged, uses what Mirror does not support, or no configuration is known.</returns>
    public int Read(ReadOnlySpan<byte> element, Span<LatmFrame> frames)
    {
        var reader = new BitReader(element);
        bool useSameStreamMux = reader.ReadFlag();
        if (!useSameStreamMux && !TryReadStreamMuxConfig(ref reader, element)) { return -1; }
        if (Config is null) { return -1; }
        int count = 0;
        for (int i = 0; i <= _subFrames && count < frames.Length; i++)
        {
            int length = _hasFixedLength ? _fixedLength : ReadPayloadLength(ref reader);
            if (reader.Overrun || length * 8L > reader.BitsLeft) { return -1; }
            if (length > 0) { frames[count++] = new LatmFrame(reader.Position, length); }
            reader.Skip(length * 8L);
        }
        return count;
    }

    /// <summary>Forgets the configuration.</summary>
    public void Reset() => Config = null;

    private bool TryReadStreamMuxConfig(ref BitReader reader, ReadOnlySpan<byte> element)
    {
        AudioSpecificConfig? previous = Config;
        Config = null;
        bool isVersion1 = reader.ReadFlag();                            // audioMuxVersion
        if (isVersion1 && reader.ReadFlag()) { return false; }          // audioMuxVersionA: reserved
        if (isVersion1) { ReadValue(ref reader); }                      // taraBufferFullness
        bool allStreamsSameTimeFraming = reader.ReadFlag();
        int subFrames = (int)reader.ReadBits(6);
        uint programs = reader.ReadBits(4);
        uint layers = reader.ReadBits(3);
        if (!allStreamsSameTimeFraming || programs != 0 || layers != 0) { return false; }
        if (!TryReadConfig(ref reader, element, isVersion1, out AudioSpecificConfig? config)) { return false; }
        uint frameLengthType = reader.ReadBits(3);
        if (frameLengthType > 1) { return false; }                      // the others are CELP and HVXC
        _hasFixedLength = frameLengthType == 1;
        if (_hasFixedLength) { _fixedLength = (int)reader.ReadBits(9) + 20; }
        else { reader.Skip(8); }                                        // latmBufferFullness
        if (reader.ReadFlag()) { SkipOtherDataLength(ref reader, isVersion1); }
        if (reader.ReadFlag()) { reader.Skip(8); }                      // crcCheckSum
        if (reader.Overrun) { return false; }
        _subFrames = subFrames;
        Config = previous is not null && config is not null && previous.Bytes.Span.SequenceEqual(config.Bytes.Span) ? previous : config;
        return true;
    }

    private static bool TryReadConfig(ref BitReader reader, ReadOnlySpan<byte> element, bool isVersion1, out AudioSpecificConfig? config)
    {
        if (!isVersion1) { return AudioSpecificConfig.TryRead(ref reader, element, out config); }
        long bits = ReadValue(ref reader);                              // ascLen: what follows the configuration within it is fill
        long start = reader.Position;
        if (!AudioSpecificConfig.TryRead(ref reader, element, out config) || reader.Position - start > bits) { return false; }
        reader.Skip(bits - (reader.Position - start));
        return true;
    }

    private static void SkipOtherDataLength(ref BitReader reader, bool isVersion1)
    {
        if (isVersion1)
        {
            ReadValue(ref reader);
            return;
        }
        bool isEscaped = true;
        while (isEscaped && !reader.Overrun)
        {
            isEscaped = reader.ReadFlag();
            reader.Skip(8);
        }
    }

    /// <summary>LatmGetValue: one to four bytes.</summary>
    private static long ReadValue(ref BitReader reader)
    {
        int bytes = (int)reader.ReadBits(2) + 1;
        return reader.ReadBits(8 * bytes);
    }

    /// <summary>MuxSlotLengthBytes: bytes of 255 and a last, smaller one.</summary>
    private static int ReadPayloadLength(ref BitReader reader)
    {
        int length = 0;
        uint value = 255;
        while (value == 255 && !reader.Overrun)
        {
            value = reader.ReadBits(8);
            length += (int)value;
        }
        return length;
    }
}
