using Microsoft.Playwright;

namespace Mirror.EndToEnd.Browser;

/// <summary>The machine's own Chromium without a window, as a viewer would start it: no sound before a click, no trust in the development certificate.</summary>
public sealed class ChromiumBrowser : IAsyncDisposable
{
    private static readonly string[] Names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"];
    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;
    private readonly IBrowserContext _context;
    private static readonly Lazy<string> Launcher = new(WriteLauncher);
    private const float Patience = 120_000;                  // milliseconds
    private const float LongAnswer = 2000;                   // milliseconds: a blocking request is answered far sooner
    private readonly List<string> _errors = [];
    private readonly List<string> _lateRequests = [];

    private ChromiumBrowser(IPlaywright playwright, IBrowser browser, IBrowserContext context)
    {
        _playwright = playwright;
        _browser = browser;
        _context = context;
    }

    /// <summary>What pages threw, or were refused by their content security policy.</summary>
    public IReadOnlyCollection<string> Errors
    {
        get { lock (_errors) { return [.. _errors]; } }
    }

    /// <summary>Requests that failed or were answered late: why a player complained.</summary>
    public string LateRequests
    {
        get { lock (_lateRequests) { return string.Join('\n', _lateRequests); } }
    }

    public static async Task<ChromiumBrowser> StartAsync()
    {
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Launcher.Value,
            Args = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            IgnoreHTTPSErrors = true,
            ViewportSize = new ViewportSize { Width = 1100, Height = 640 },
        });
        context.SetDefaultTimeout(Patience);
        Assertions.SetDefaultExpectTimeout(Patience);
        return new ChromiumBrowser(playwright, browser, context);
    }

    /// <param name="address">What to open.</param>
    /// <param name="prepare">Called before, to answer requests instead of the server.</param>
    public async Task<IPage> OpenAsync(Uri address, Func<IPage, Task>? prepare = null)
    {
        IPage page = await _context.NewPageAsync();
        if (prepare is not null) { await prepare(page); }
        page.PageError += (_, error) => Note(error);
        page.Console += (_, line) =>
        {
            if (line.Text.Contains("Content Security Policy", StringComparison.Ordinal)) { Note(line.Text); }
        };
        page.RequestFailed += (_, request) =>
        {
            if (request.Failure is { } failure && !failure.Contains("ABORTED", StringComparison.Ordinal)) { NoteLate($"{failure} {request.Url}"); }     // a switch of renditions aborts some
        };
        page.RequestFinished += (_, request) =>
        {
            if (request.Timing.ResponseStart > LongAnswer) { NoteLate($"answered after {request.Timing.ResponseStart:F0} ms {request.Url}"); }
        };
        // Scripts have run then. A page is whole when its poster has come, which takes as long as a key frame and its decoding.
        await page.GotoAsync(address.ToString(), new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.CloseAsync();
        _playwright.Dispose();
    }

    private void Note(string error)
    {
        lock (_errors) { _errors.Add(error); }
    }

    private void NoteLate(string request)
    {
        lock (_lateRequests) { _lateRequests.Add($"{TimeProvider.System.GetUtcNow():HH:mm:ss.fff} {request}"); }
    }

    /// <summary>A browser is started in a session of its own, in which the niceness of the tests would count for nothing (sched(7), autogroup): it takes that along.</summary>
    private static string WriteLauncher()
    {
        string script = Path.Combine(AppContext.BaseDirectory, "chromium.sh");
        string written = $"{script}.{Guid.NewGuid():N}";
        File.WriteAllText(written, $"#!/bin/sh\necho \"$(nice)\" 2>/dev/null >/proc/self/autogroup\nexec '{FindExecutable()}' \"$@\"\n");
        File.SetUnixFileMode(written, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Move(written, script, overwrite: true);
        return script;
    }

    private static string FindExecutable()
        => Names.SelectMany(name => Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("Chromium is missing: run make setup.");
}
