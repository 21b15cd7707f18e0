using Mirror.Media.Codecs;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.Codecs.H264;
using Mirror.Media.Codecs.H265;
using Mirror.Media.Codecs.Mpeg2;
using Mirror.Media.Codecs.Opus;
using Mirror.Media.MpegTs;
using Mirror.Streams.Feed;

namespace Mirror.IngestNode.Demux;

/// <summary>Turns the bytes of one publisher's MPEG transport stream into access units (ITU-T H.222.0).</summary>
/// <remarks>
/// Carries the first programme: of its streams of codecs that Mirror knows one video and one audio stream, the first of those that need
/// the least work. In order: packets are found,
/// tables tell which PIDs matter, transport packets become PES packets, these become pictures and frames, and <see cref="ProgramTimeline"/>
/// places them in time. Whatever is damaged is counted and dropped in the smallest unit. Not thread-safe, except <see cref="Stats"/>.
/// </remarks>
internal sealed partial class TransportStreamDemuxer(IAccessUnitHandler handler, TransportStreamDemuxerOptions options, ILogger logger) : IDisposable
{
    /// <summary><see cref="Mirror.Media.Frames.Track.Id"/> of the video track.</summary>
    public const int VideoTrackId = 1;

    /// <summary><see cref="Mirror.Media.Frames.Track.Id"/> of the audio track.</summary>
    public const int AudioTrackId = 2;

    private const int AssociationPid = 0;
    private const int NoPid = -1;
    private const int LargestAudioPes = 128 * 1024;              // with a length field a PES packet has at most 64 KiB
    private const long TicksPerSecond = 90_000;
    private const long PcrPeriod = TimestampUnwrapper.Period;
    private readonly PacketSynchronizer _synchronizer = new();
    private readonly ProgramTimeline _timeline = new(handler, options, logger);
    private readonly SectionAssembler _associationSections = new();
    private readonly SectionAssembler _mapSections = new();
    private ContinuityCounter _associationContinuity;
    private ContinuityCounter _mapContinuity;
    private ElementaryStream? _video;
    private ElementaryStream? _audio;
    private int _programNumber;
    private int _mapPid = NoPid;
    private int _associationSectionNumber;
    private (byte Version, uint Crc) _mapSeen;
    private bool _hasMap;
    private int _pcrPid = NoPid;
    private long _lastPcr33 = -1;
    private LogAllowance _logAllowance;
    private DateTime _wallClock;
    private DemuxStats _retired = new();                          // counts of elementary streams that are gone
    private long _packets;
    private long _damaged;
    private long _scrambled;
    private long _ignored;
    private long _tableContinuityErrors;
    private long _badSections;
    private long _programChanges;
    private long _ignoredStreams;

    /// <summary>Counters since the demuxer was made.</summary>
    public DemuxStats Stats => Snapshot();

    /// <summary>Takes the next bytes of the publisher, in order.</summary>
    /// <param name="bytes">Any number of bytes, usually whole packets; read in place where they are.</param>
    /// <param name="receivedTimestamp">When the last of them arrived, in <see cref="TimeProvider.GetTimestamp"/> ticks.</param>
    /// <param name="wallClock">The time (UTC) at which the first of them was due, free of the network's jitter.</param>
    public void Write(ReadOnlySpan<byte> bytes, long receivedTimestamp, DateTime wallClock)
    {
        _wallClock = wallClock;
        _timeline.SetArrival(receivedTimestamp, wallClock);
        while (_synchronizer.TryRead(ref bytes, out ReadOnlySpan<byte> packet)) { ReadPacket(packet); }
    }

    /// <summary>Packets are missing before the bytes of the next call: what they damaged is dropped, once it is known.</summary>
    public void SignalLoss()
    {
        _synchronizer.SignalLoss();
        _video?.SignalLoss();
        _audio?.SignalLoss();
    }

    /// <summary>
    /// A new connection of the same publisher: the bytes of the next call follow nothing. The next units start a discontinuity; parameter
    /// sets are kept, so that an unchanged format keeps its track.
    /// </summary>
    public void Restart()
    {
        _synchronizer.Reset();
        _associationSections.Reset();
        _mapSections.Reset();
        _associationContinuity.Reset();
        _mapContinuity.Reset();
        _mapPid = NoPid;
        _hasMap = false;
        _pcrPid = NoPid;
        _lastPcr33 = -1;
        _video?.Reset();
        _audio?.Reset();
        _timeline.Interrupt();
    }

    /// <summary>Gives every buffer back to its pool.</summary>
    public void Dispose()
    {
        _video?.Dispose();
        _audio?.Dispose();
        _timeline.Dispose();
    }

    private void ReadPacket(ReadOnlySpan<byte> bytes)
    {
        _packets++;
        if (!TransportPacket.TryParse(bytes, out TransportPacket packet) || packet.TransportError)
        {
            _damaged++;
            return;
        }
        if (packet.Pcr27M >= 0 && packet.Pid == _pcrPid) { ReadPcr(packet); }
        if (packet.Payload.IsEmpty) { return; }
        ElementaryStream? stream = packet.Pid == _video?.Pid ? _video : packet.Pid == _audio?.Pid ? _audio : null;
        if (packet.IsScrambled)
        {
            CountScrambled(stream is not null);
            return;
        }
        if (stream is not null && _hasMap) { stream.Write(packet, _wallClock); }
        else if (packet.Pid == AssociationPid) { ReadSections(packet, _associationSections, ref _associationContinuity); }
        else if (packet.Pid == _mapPid) { ReadSections(packet, _mapSections, ref _mapContinuity); }
        else { _ignored++; }
    }

    private void CountScrambled(bool isCarried)
    {
        _scrambled++;
        if (isCarried && _scrambled == 1) { LogScrambled(); }
    }

    /// <summary>A jump of the time base is announced by discontinuity_indicator on the PCR's packet (§2.4.3.5).</summary>
    private void ReadPcr(in TransportPacket packet)
    {
        long pcr33 = packet.Pcr27M / 300 & (PcrPeriod - 1);
        if (packet.Discontinuity && _lastPcr33 >= 0)
        {
            long step = TimestampUnwrapper.Nearest(pcr33, _lastPcr33) - _lastPcr33;
            if (step is < 0 or > TicksPerSecond) { _timeline.AnnounceJump(pcr33); }
        }
        _lastPcr33 = pcr33;
    }

    // ---- Tables

    private void ReadSections(in TransportPacket packet, SectionAssembler sections, ref ContinuityCounter counter)
    {
        Continuity continuity = counter.Check(packet);
        if (continuity == Continuity.Duplicate) { return; }
        if (continuity == Continuity.Gap) { _tableContinuityErrors++; }
        if (continuity != Continuity.InOrder) { sections.Reset(); }
        sections.Write(packet.Payload, packet.PayloadUnitStart);
        while (sections.TryRead(out ReadOnlySpan<byte> bytes))
        {
            if (!PsiSection.TryParse(bytes, out PsiSection section))
            {
                _badSections++;
                continue;
            }
            if (packet.Pid == AssociationPid) { ReadAssociation(section); }
            else { ReadMap(section); }
        }
    }

    /// <summary>Keeps to the programme in force while it is listed; takes the first one otherwise.</summary>
    private void ReadAssociation(in PsiSection section)
    {
        if (!ProgramAssociation.TryParse(section, out ProgramAssociation association)) { return; }
        if (_mapPid != NoPid && association.TryFind((ushort)_programNumber, out ushort mapPid))
        {
            _associationSectionNumber = section.SectionNumber;
            if (mapPid != _mapPid) { FollowMap(_programNumber, mapPid); }
            return;
        }
        bool isListedElsewhere = _mapPid != NoPid && section.SectionNumber != _associationSectionNumber;
        if (isListedElsewhere || !association.TryFirst(out ushort programNumber, out mapPid)) { return; }
        _associationSectionNumber = section.SectionNumber;
        FollowMap(programNumber, mapPid);
    }

    private void FollowMap(int programNumber, ushort mapPid)
    {
        _programNumber = programNumber;
        _mapPid = mapPid;
        _hasMap = false;
        _mapSections.Reset();
        _mapContinuity.Reset();
    }

    private void ReadMap(in PsiSection section)
    {
        if (!ProgramMap.TryParse(section, out ProgramMap map) || map.ProgramNumber != _programNumber) { return; }
        if (_hasMap && _mapSeen == (section.Version, section.Crc)) { return; }
        _mapSeen = (section.Version, section.Crc);
        if (map.PcrPid != _pcrPid) { (_pcrPid, _lastPcr33) = (map.PcrPid, -1); }
        TakeUp(map);
        _hasMap = true;
    }

    /// <summary>Chooses the streams to carry. The same ones on the same PIDs go on undisturbed; any other choice is another programme.</summary>
    private void TakeUp(in ProgramMap map)
    {
        ElementaryStream? video = null;
        ElementaryStream? audio = null;
        (int videoRank, int audioRank) = BestRanks(map);
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            if (video is null && VideoRank(info) == videoRank && !IsTable(info.Pid)) { video = OpenVideo(info); }
            else if (audio is null && AudioRank(info) == audioRank && !IsTable(info.Pid) && info.Pid != video?.Pid) { audio = OpenAudio(info); }
            else
            {
                _ignoredStreams++;
                if (_logAllowance.TryTake(_wallClock)) { LogIgnored(info.Pid, info.StreamType, Media.MpegTs.StreamType.Describe(info.StreamType, info.FormatIdentifier)); }
            }
        }
        bool isSame = _timeline.IsProgramStarted && ReferenceEquals(video, _video) && ReferenceEquals(audio, _audio);
        if (!ReferenceEquals(video, _video)) { Retire(_video); }
        if (!ReferenceEquals(audio, _audio)) { Retire(_audio); }
        (_video, _audio) = (video, audio);
        if (isSame) { return; }
        _programChanges++;
        if (_logAllowance.TryTake(_wallClock)) { LogProgram(_programNumber, video?.Pid ?? NoPid, audio?.Pid ?? NoPid); }
        _timeline.StartProgram(new FeedLayout(video is not null, audio is not null));
    }

    private bool IsTable(ushort pid) => pid == AssociationPid || pid == _mapPid || pid == TransportPacket.NullPid;

    /// <summary>The ranks of the streams to choose: the first of the highest rank that there is.</summary>
    private (int Video, int Audio) BestRanks(in ProgramMap map)
    {
        (int video, int audio) = (1, 1);                             // 0 is not carried
        ReadOnlySpan<byte> streams = map.Streams;
        while (ElementaryStreamInfo.TryRead(ref streams, out ElementaryStreamInfo info))
        {
            if (IsTable(info.Pid)) { continue; }
            video = Math.Max(video, VideoRank(info));
            audio = Math.Max(audio, AudioRank(info));
        }
        return (video, audio);
    }

    /// <summary>What can be delivered as it comes ranks before what must be transcoded.</summary>
    private static int VideoRank(in ElementaryStreamInfo info)
    {
        if (info.StreamType is Media.MpegTs.StreamType.H264 or Media.MpegTs.StreamType.H265 || IsPrivateHevc(info) || IsAv1(info)) { return 2; }
        return IsMpegVideo(info) ? 1 : 0;
    }

    /// <summary>What every browser plays ranks before what some play, and that before what must be transcoded: broadcasts carry the same sound more than once.</summary>
    private static int AudioRank(in ElementaryStreamInfo info)
    {
        if (info.StreamType is Media.MpegTs.StreamType.AacAdts or Media.MpegTs.StreamType.AacLatm || IsOpus(info)) { return 3; }
        return info.IsAc3 ? 2 : IsMpegAudio(info) ? 1 : 0;
    }

    private static bool IsMpegVideo(in ElementaryStreamInfo info) => info.StreamType is Media.MpegTs.StreamType.Mpeg1Video or Media.MpegTs.StreamType.Mpeg2Video;

    private static bool IsPrivateHevc(in ElementaryStreamInfo info) => IsPrivate(info, Media.MpegTs.StreamType.HevcFormat);

    private static bool IsAv1(in ElementaryStreamInfo info) => IsPrivate(info, Media.MpegTs.StreamType.Av1Format);

    private static bool IsPrivate(in ElementaryStreamInfo info, uint format) => info.StreamType == Media.MpegTs.StreamType.PrivatePes && info.FormatIdentifier == format;

    private static bool IsMpegAudio(in ElementaryStreamInfo info) => info.StreamType is Media.MpegTs.StreamType.Mpeg1Audio or Media.MpegTs.StreamType.Mpeg2Audio;

    private static bool IsOpus(in ElementaryStreamInfo info)
        => IsPrivate(info, Media.MpegTs.StreamType.OpusFormat) && OpusDecoderConfiguration.TryBuild(info.OpusChannelConfigCode, out _);

    /// <summary>The stream in force if it is the same; a stream of the same codec on another PID keeps the parameter sets.</summary>
    private ElementaryStream OpenVideo(in ElementaryStreamInfo info)
    {
        if (_video is not null && _video.Pid == info.Pid && _video.StreamType == info.StreamType && _video.Format == FormatOf(info)) { return _video; }
        IVideoAssembler assembler = IsAv1(info) ? new Av1Assembler((_video?.Video as Av1Assembler)?.Syntax ?? new Av1Syntax(VideoTrackId), _timeline)
            : new VideoAssembler(OpenSyntax(info), _timeline, options.LargestUnit);
        return new ElementaryStream(info.StreamType, info.Pid, FormatOf(info), options.LargestUnit + PesHeader.LargestLength, assembler, audio: null);
    }

    private VideoSyntax OpenSyntax(in ElementaryStreamInfo info)
    {
        VideoSyntax syntax = info.StreamType == Media.MpegTs.StreamType.H264 ? new H264Syntax(VideoTrackId)
            : IsMpegVideo(info) ? new Mpeg2Syntax(VideoTrackId)
            : new H265Syntax(VideoTrackId);
        return (_video?.Video as VideoAssembler)?.Syntax is { } old && old.GetType() == syntax.GetType() ? old : syntax;
    }

    private ElementaryStream OpenAudio(in ElementaryStreamInfo info)
    {
        if (_audio is not null && _audio.Pid == info.Pid && _audio.StreamType == info.StreamType && _audio.Format == FormatOf(info)) { return _audio; }
        AudioAssembler assembler;
        if (IsOpus(info) && OpusDecoderConfiguration.TryBuild(info.OpusChannelConfigCode, out byte[] configuration)) { assembler = new OpusAssembler(AudioTrackId, configuration, _timeline); }
        else if (info.IsAc3) { assembler = new Ac3Assembler(AudioTrackId, _timeline); }
        else if (IsMpegAudio(info)) { assembler = new MpegAudioAssembler(AudioTrackId, _timeline); }
        else if (info.StreamType == Media.MpegTs.StreamType.AacAdts) { assembler = new AdtsAssembler(AudioTrackId, _timeline); }
        else { assembler = new LatmAssembler(AudioTrackId, _timeline); }
        return new ElementaryStream(info.StreamType, info.Pid, FormatOf(info), LargestAudioPes, video: null, assembler);
    }

    /// <summary>What tells a private stream's codec.</summary>
    private static uint FormatOf(in ElementaryStreamInfo info)
        => info.StreamType != Media.MpegTs.StreamType.PrivatePes ? 0 : IsOpus(info) ? (uint)info.OpusChannelConfigCode : info.FormatIdentifier;

    // ---- Statistics

    private void Retire(ElementaryStream? stream)
    {
        if (stream is null) { return; }
        _retired = Add(_retired, stream);
        stream.Dispose();
    }

    private static DemuxStats Add(DemuxStats stats, ElementaryStream? stream)
    {
        if (stream is null) { return stats; }
        DemuxStats sum = stats with
        {
            ContinuityErrors = stats.ContinuityErrors + stream.ContinuityErrors,
            DuplicatePackets = stats.DuplicatePackets + stream.DuplicatePackets,
            ScrambledPackets = stats.ScrambledPackets + stream.ScrambledPackets,
            BadPesPackets = stats.BadPesPackets + stream.Pes.MalformedPackets + stream.Pes.OversizedPackets + stream.Pes.TruncatedPackets + stream.Pes.FalseEnds,
            Malformed = stats.Malformed + (stream.Video?.MalformedUnits ?? 0) + (stream.Audio?.SkippedBytes ?? 0),
        };
        return stream.Video is not null
            ? sum with { Video = sum.Video with { DroppedUnits = sum.Video.DroppedUnits + stream.DroppedUnits } }
            : sum with { Audio = sum.Audio with { DroppedUnits = sum.Audio.DroppedUnits + stream.DroppedUnits } };
    }

    private DemuxStats Snapshot()
    {
        DemuxStats streams = Add(Add(_retired, _video), _audio);
        return streams with
        {
            Packets = _packets,
            SkippedBytes = _synchronizer.SkippedBytes,
            SyncLosses = _synchronizer.SyncLosses,
            DamagedPackets = _damaged,
            ScrambledPackets = streams.ScrambledPackets + _scrambled,
            IgnoredPackets = _ignored,
            ContinuityErrors = streams.ContinuityErrors + _tableContinuityErrors,
            BadSections = _badSections + _associationSections.MalformedSections + _mapSections.MalformedSections,
            ProgramChanges = _programChanges,
            IgnoredStreams = _ignoredStreams,
            Malformed = streams.Malformed + (_video?.Video?.MalformedParameterSets ?? 0),
            Timelines = _timeline.Timelines,
            TimestampJumps = _timeline.Jumps,
            KeyFrames = _timeline.KeyFrames,
            PredictedFrames = _timeline.PredictedFrames,
            BidirectionalFrames = _timeline.BidirectionalFrames,
            Video = _timeline.VideoStats(streams.Video.DroppedUnits),
            Audio = _timeline.AudioStats(streams.Audio.DroppedUnits),
        };
    }

    [LoggerMessage(LogLevel.Information, "Programme {Program}: video on PID {VideoPid}, audio on PID {AudioPid} (-1 is none)")]
    private partial void LogProgram(int program, int videoPid, int audioPid);

    [LoggerMessage(LogLevel.Information, "PID {Pid} is ignored: stream type {StreamType}, {Description}")]
    private partial void LogIgnored(ushort pid, byte streamType, string description);

    [LoggerMessage(LogLevel.Warning, "The stream is scrambled; what is scrambled is dropped")]
    private partial void LogScrambled();
}
