using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Thumbnails;
using Mirror.GpuTranscode.Workers;
using Mirror.Media.Frames;
using Mirror.Streams.Transcoding;

namespace Mirror.GpuTranscode.Packaging;

/// <summary>The encoded renditions of one stream: its pictures and its sound go to a worker, what comes back is packaged at the source's cuts.</summary>
/// <remarks>
/// The source's side is called by the feed, the encoded side by the worker's reader; a lock keeps the two apart for as long as it takes to
/// file a cut or a frame. A rendition exists from the first cut on, so that players are told of it at once. Where frames stay away, gaps stand
/// in their place; after <see cref="LongestSilence"/> it ends, and begins anew when frames come again.
/// </remarks>
internal sealed class LadderPackager : ICutFollower, ILadderOutput
{
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(30);       // a player leaves gaps for another rendition and comes back; an end is for good
    private static readonly TimeSpan LongestSilenceAtStart = TimeSpan.FromSeconds(5); // nobody plays it yet
    private static readonly TimeSpan LongestDrain = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ToMeasure = TimeSpan.FromSeconds(1);       // sound that comes later, or changes: for its bit rate

    private readonly TranscodingLadder _ladder;
    private readonly RenditionStarts _begin;
    private readonly KeyFrameStills _stills;
    private readonly TimeProvider _time;
    private readonly LadderWorker _worker;
    private readonly Lock _lock = new();
    private readonly AudioRateMeter _audioRate = new();
    private readonly Dictionary<string, FollowerPackager> _followers = [];
    private readonly HashSet<string> _silent = [];           // those whose rendition ended for want of frames
    private readonly HashSet<string> _returned = [];         // those of them whose frames come again
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AccessUnit? _keyFrame;                           // the newest, where no worker decodes it
    private VideoTrack? _source;
    private IReadOnlyList<RungPlan> _rungs = [];             // that suit the source
    private IReadOnlyList<RungPlan> _encoded = [];           // that the worker's frames are of
    private VideoTrack?[] _tracks = [];
    private AudioPlan? _audio;                               // what the sound is encoded to, once that is decided; it stays
    private AudioTrack? _audioSource;
    private AudioTrack? _audioTrack;
    private bool _isAudioDecided;
    private int _audioTimeline;
    private int _timeline;
    private bool _startsSegment;
    private bool _isEnding;

    /// <param name="ladder">The rungs that are configured.</param>
    /// <param name="begin">Begins renditions.</param>
    /// <param name="createWorker">Makes the worker that encodes for this stream.</param>
    /// <param name="stills">Makes pictures where nothing is encoded.</param>
    /// <param name="time">Clock for silence.</param>
    public LadderPackager(TranscodingLadder ladder, RenditionStarts begin, Func<ILadderOutput, LadderWorker> createWorker, KeyFrameStills stills,
        TimeProvider time)
    {
        (_ladder, _begin, _stills, _time) = (ladder, begin, stills, time);
        _worker = createWorker(this);
    }

    public TranscodeState State => _worker.State;

    /// <summary>Cores that its renditions would take, and this node does not have; <see langword="null"/> where that is not what they lack.</summary>
    public double? MissingCores => _worker.MissingCores;

    /// <summary>When the newest key frame was shown (UTC).</summary>
    public DateTime NewestKeyFrame { get; private set; }

    /// <summary>Says what is coming, as early as it is known: a worker takes a moment to start.</summary>
    public void Prepare(VideoTrack source)
    {
        if (source.SameFormatAs(_source)) { return; }
        _source = source;
        IReadOnlyList<RungPlan> rungs = _ladder.PlanFor(source);
        lock (_lock)
        {
            foreach (string gone in _followers.Keys.Except(rungs.Select(rung => rung.Name).Append(AudioPlan.RenditionName), StringComparer.Ordinal).ToArray()) { EndRendition(gone); }
            _silent.Clear();
            _rungs = rungs;
        }
        _isAudioDecided = _audio is not null;                // sound that was left alone may now go with encoded pictures
        _worker.Configure(source, rungs);
    }

    /// <summary>Measures sound that is still to be written.</summary>
    public void MeasureAudio(AccessUnit unit) => _audioRate.Add(unit);

    /// <summary>Decides whether the sound is encoded, by what was measured. Once it is, it stays so: its rendition goes on through every format.</summary>
    /// <param name="source">The source's format.</param>
    public void PrepareAudio(AudioTrack source)
    {
        _isAudioDecided = true;
        _audioSource = source;
        AudioPlan? plan = _audio ?? _ladder.PlanAudioFor(source, _audioRate.Bitrate, hasRungs: _rungs.Count > 0);
        if (plan is null) { return; }
        lock (_lock) { _audio = plan; }
        _worker.ConfigureAudio(source, plan);
    }

    /// <summary>The source's next audio frame, after its packager had it.</summary>
    public void WriteAudio(AccessUnit unit)
    {
        var track = (AudioTrack)unit.Track;
        // Each track of a stream starts the new timeline with a unit that says so; which of them is first does not matter.
        if (unit.StartsDiscontinuity || _audioTimeline == 0) { _audioTimeline = Math.Max(_audioTimeline + 1, _timeline); }
        if (!track.SameFormatAs(_audioSource)) { OnAudioFormat(track); }
        if (!_isAudioDecided)
        {
            _audioRate.Add(unit);
            if (_audioRate.Measured >= ToMeasure) { PrepareAudio(track); }
        }
        if (_audio is not null) { _worker.WriteAudio(unit, _audioTimeline); }
        if (_source is null) { Watch(_audioTimeline, unit.Pts90k); }
    }

    private void OnAudioFormat(AudioTrack track)
    {
        _audioSource = track;
        _isAudioDecided = false;
        if (_audio is not null) { PrepareAudio(track); }
    }

    /// <summary>The source's next picture, after its packager had it.</summary>
    public void Write(AccessUnit unit)
    {
        if (unit.IsRandomAccess)
        {
            NewestKeyFrame = unit.ProgramTime;
            KeepKeyFrame(_rungs.Count == 0 ? unit : null);
        }
        _worker.Write(unit, _timeline, _startsSegment);
        _startsSegment = false;
        Watch(_timeline, unit.Dts90k);
    }

    /// <summary>The source has come this far: what stays away is marked as missing, and after a while ends.</summary>
    private void Watch(int timeline, long pts90k)
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.OnSource(timeline, pts90k); }
            foreach ((string name, FollowerPackager follower) in _followers)
            {
                TimeSpan longest = follower.IsPlayed ? LongestSilence : LongestSilenceAtStart;
                if (_time.GetElapsedTime(follower.LastWritten) > longest) { EndRendition(name); }   // removing while enumerating is allowed
            }
        }
    }

    /// <summary>The publisher is gone: what is on its way comes out.</summary>
    public void Interrupt() => _worker.Drain();

    /// <summary>The stream is over: what is on its way comes out, then everything ends.</summary>
    public async Task EndAsync()
    {
        lock (_lock) { _isEnding = true; }
        _worker.Drain();
        try { await _ended.Task.WaitAsync(LongestDrain, _time); }
        catch (TimeoutException) { /* the worker hangs, or there is none */ }
        await _worker.DisposeAsync();
        EndRenditions();
        KeepKeyFrame(null);
    }

    /// <summary>Ends every rendition at once, while <see cref="EndAsync"/> still waits for what is on its way: that comes too late.</summary>
    public void EndRenditions()
    {
        lock (_lock)
        {
            foreach (string name in _followers.Keys.ToArray()) { EndRendition(name); }
        }
    }

    /// <summary>The newest key frame as a JPEG picture, so wide at most: the worker has decoded it, or where there is nothing to encode, another does.</summary>
    public async Task<StreamImage?> MakeImageAsync(int maxWidth)
    {
        DateTime programTime = NewestKeyFrame;
        AccessUnit? keyFrame;
        lock (_lock) { keyFrame = _keyFrame?.Retain(); }
        try
        {
            byte[]? jpeg = keyFrame is null ? await _worker.SnapshotAsync(maxWidth, CancellationToken.None) : await _stills.MakeAsync(keyFrame);
            return jpeg is null ? null : new StreamImage(jpeg, programTime);
        }
        finally { keyFrame?.Release(); }
    }

    void ICutFollower.StartTimeline(Cut cut)
    {
        _timeline++;
        AddCut(cut);
    }

    void ICutFollower.Add(Cut cut) => AddCut(cut);

    void ICutFollower.Decide(Cut cut)
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.Decide(new TimelineCut(_timeline, cut)); }
        }
    }

    void ICutFollower.Undecide()
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.Undecide(); }
        }
    }

    void ILadderOutput.OnLadder(IReadOnlyList<RungPlan> rungs)
    {
        _encoded = rungs;
        _tracks = new VideoTrack?[rungs.Count];
    }

    void ILadderOutput.OnFormat(int rung, VideoTrack track) => _tracks[rung] = track;

    void ILadderOutput.OnFrame(int rung, int timeline, long pts90k, long dts90k, bool isKey, long receivedTimestamp, MediaBuffer payload)
    {
        string name = _encoded[rung].Name;
        lock (_lock)
        {
            if (_tracks[rung] is { } track && _followers.GetValueOrDefault(name) is VideoFollowerPackager follower)
            {
                follower.Write(track, timeline, pts90k, dts90k, isKey, receivedTimestamp, payload);
                return;
            }
            _returned.Add(name);
        }
        payload.Release();
    }

    void ILadderOutput.OnAudioFormat(AudioTrack track) => _audioTrack = track;

    void ILadderOutput.OnAudioFrame(int timeline, long pts, long receivedTimestamp, MediaBuffer payload)
    {
        lock (_lock)
        {
            if (_audioTrack is { } track && _followers.GetValueOrDefault(AudioPlan.RenditionName) is AudioFollowerPackager follower)
            {
                follower.Write(track, timeline, pts, receivedTimestamp, payload);
                return;
            }
            _returned.Add(AudioPlan.RenditionName);
        }
        payload.Release();
    }

    void ILadderOutput.OnDrained()
    {
        lock (_lock)
        {
            foreach (FollowerPackager follower in _followers.Values) { follower.Interrupt(); }
            if (_isEnding) { _ended.TrySetResult(); }
        }
    }

    void ILadderOutput.OnDown(string reason) { }             // what is missing is seen by the source's progress

    void ILadderOutput.OnUp() { }

    private void AddCut(Cut cut)
    {
        _startsSegment = true;
        lock (_lock)
        {
            foreach (RungPlan rung in _rungs)
            {
                if (_followers.ContainsKey(rung.Name) || !MayBegin(rung.Name)) { continue; }
                _followers[rung.Name] = _begin.Video(rung, cut.Msn);
            }
            if (_audio is { } audio && !_followers.ContainsKey(AudioPlan.RenditionName) && MayBegin(AudioPlan.RenditionName))
            {
                _followers[AudioPlan.RenditionName] = _begin.Audio(audio, cut.Msn);
            }
            foreach (FollowerPackager follower in _followers.Values) { follower.AddCut(new TimelineCut(_timeline, cut)); }
        }
    }

    private void KeepKeyFrame(AccessUnit? unit)
    {
        lock (_lock)
        {
            _keyFrame?.Release();
            _keyFrame = unit?.Retain();
        }
    }

    /// <summary>A rendition begins with its stream; one that fell silent begins again once its frames come.</summary>
    private bool MayBegin(string name)
    {
        if (_silent.Contains(name) && !_returned.Contains(name)) { return false; }
        _silent.Remove(name);
        _returned.Remove(name);
        return true;
    }

    private void EndRendition(string name)
    {
        if (!_followers.Remove(name, out FollowerPackager? follower)) { return; }
        follower.End();
        _silent.Add(name);
        _returned.Remove(name);
    }
}
