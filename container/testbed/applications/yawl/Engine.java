package testbed;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.StringReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.logging.Logger;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * Behaves like YAWL's engine as far as operators can see: it keeps sessions, specifications, cases and the case counter
 * in memory, and reads them from the database only at its start; primary keys come from the counter; after a failed
 * write every call fails until a restart. Two of these on one database corrupt it, as two YAWL engines would.
 */
public class Engine extends HttpServlet {
    /** The name of Hibernate's logger, so that its log level applies here. */
    private static final Logger DEPRECATION = Logger.getLogger("org.hibernate.orm.deprecation");
    private static final DateTimeFormatter LOG4J_TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");
    private static final int DEPRECATED = 50;
    /** Never removed, like those of some of YAWL's libraries. */
    private static final ThreadLocal<Object> LEFT_BEHIND = new ThreadLocal<>();
    private static final String EXPIRED = failure("Invalid or expired session.");
    private static final String DONE = "<success/>";

    private record Specification(String identifier, String version, String uri, String task) {
        boolean is(HttpServletRequest call) {
            return identifier.equals(call.getParameter("specidentifier"))
                && version.equals(call.getParameter("specversion"))
                && uri.equals(call.getParameter("specuri"));
        }
    }

    private final Map<String, String> accounts = new ConcurrentHashMap<>();
    private final Set<String> sessions = ConcurrentHashMap.newKeySet();
    private final Map<String, Specification> specifications = new TreeMap<>();
    private final Map<Long, Specification> cases = new TreeMap<>();
    private long lastCase;
    private Connection database;
    private volatile boolean broken;

    @Override
    public void init() throws ServletException {
        long started = System.nanoTime();
        try {
            Class.forName("org.postgresql.Driver");
            database = DriverManager.getConnection(
                System.getProperty("hibernate.connection.url"),
                System.getProperty("hibernate.connection.username"),
                System.getProperty("hibernate.connection.password"));
            database.setAutoCommit(false);
            load();
            for (int number = 0; number < DEPRECATED; number++) {
                DEPRECATION.warning("HHH90000021: a setting has been deprecated: number " + number);
            }
            burn(Double.parseDouble(getInitParameter("start-cpu-seconds")));
            double seconds = Double.parseDouble(getInitParameter("start-seconds"));
            Thread.sleep(Math.max(0, (long) (seconds * 1000) - (System.nanoTime() - started) / 1_000_000));
        } catch (SQLException | ClassNotFoundException error) {
            // Like YAWL: it starts, but every call fails.
            broken = true;
            log("the engine has no database", error);
        } catch (InterruptedException error) {
            throw new ServletException(error);
        }
    }

    /** Uses this many seconds of CPU time, as loading and compiling classes would. */
    static void burn(double seconds) {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        long until = threads.getCurrentThreadCpuTime() + (long) (seconds * 1e9);
        while (threads.getCurrentThreadCpuTime() < until) {
            Thread.onSpinWait();
        }
    }

    private void load() throws SQLException {
        try (Statement statement = database.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS specifications (identifier text, version text, uri text,"
                + " task text, PRIMARY KEY (identifier, version))");
            statement.execute("CREATE TABLE IF NOT EXISTS cases (id bigint PRIMARY KEY, identifier text, version text,"
                + " params text)");
            ResultSet found = statement.executeQuery("SELECT userid, passwordtext FROM clientapps");
            while (found.next()) {
                accounts.put(found.getString(1), found.getString(2));
            }
            found = statement.executeQuery("SELECT identifier, version, uri, task FROM specifications");
            while (found.next()) {
                remember(new Specification(
                    found.getString(1), found.getString(2), found.getString(3), found.getString(4)));
            }
            found = statement.executeQuery("SELECT id, identifier, version FROM cases ORDER BY id");
            while (found.next()) {
                lastCase = found.getLong(1);
                cases.put(lastCase, specifications.get(found.getString(2) + " " + found.getString(3)));
            }
        }
        database.commit();
    }

    private void remember(Specification specification) {
        specifications.put(specification.identifier() + " " + specification.version(), specification);
    }

    @Override
    protected void service(HttpServletRequest call, HttpServletResponse answer) throws ServletException, IOException {
        if (broken) {
            throw new ServletException("the engine could not write");
        }
        call.setCharacterEncoding("UTF-8");
        String content;
        try {
            content = answerTo(call);
        } catch (SQLException error) {
            broken = true;
            // Like YAWL: to standard error, without a prefix before the exception's name.
            error.printStackTrace();
            throw new ServletException(error);
        }
        answer.setContentType("text/xml;charset=UTF-8");
        answer.getWriter().write("<response>" + content + "</response>");
    }

    private String answerTo(HttpServletRequest call) throws SQLException {
        String action = Objects.requireNonNullElse(call.getParameter("action"), "");
        boolean gateway = call.getServletPath().equals("/ia");
        if (action.equals("connect")) {
            return connect(call.getParameter(gateway ? "userID" : "userid"), call.getParameter("password"));
        }
        String session = Objects.requireNonNullElse(call.getParameter("sessionHandle"), "");
        if (action.equals("disconnect")) {
            sessions.remove(session);
            return DONE;
        }
        if (!sessions.contains(session)) {
            return EXPIRED;
        }
        if (action.equals("checkConnection")) {
            return DONE;
        }
        synchronized (this) {
            return gateway ? interfaceA(action, call) : interfaceB(action, call);
        }
    }

    private String interfaceA(String action, HttpServletRequest call) throws SQLException {
        switch (action) {
            case "upload": return upload(call.getParameter("specXML"));
            case "unload": return unload(call);
            case "getList": return list();
            default: return failure("Invalid action or exception was thrown.");
        }
    }

    private String interfaceB(String action, HttpServletRequest call) throws SQLException {
        switch (action) {
            case "launchCase": return launch(call);
            case "cancelCase": return cancel(call.getParameter("caseID"));
            case "getWorkItemsWithIdentifier": return items(call.getParameter("id"));
            case "getLiveItems": return items(null);
            case "getSpecificationPrototypesList": return list();
            case "getAllRunningCases": return running();
            default: return "";
        }
    }

    private String connect(String user, String password) {
        LEFT_BEHIND.set(this);
        // Like YAWL at DEBUG, in the pattern configured for its Log4j.
        System.out.println(LocalDateTime.now().format(LOG4J_TIME) + " DEBUG YEngine connect userid=" + user
            + " password=" + password);
        if (user == null) {
            return "<failure>Null user name</failure>";
        }
        if (user.equals("admin") && !Boolean.parseBoolean(getServletContext().getInitParameter("AllowGenericAdminID"))) {
            return failure("The generic 'admin' user has been disabled.");
        }
        String expected = accounts.get(user);
        if (expected == null) {
            return "<failure>Unknown service or client: " + text(user) + "</failure>";
        }
        if (!expected.equals(password)) {
            return "<failure>Incorrect Password</failure>";
        }
        String session = UUID.randomUUID().toString();
        sessions.add(session);
        return session;
    }

    private String upload(String document) throws SQLException {
        Specification read;
        try {
            read = parse(Objects.requireNonNullElse(document, ""));
        } catch (Exception error) {
            return failure("Upload failed: invalid specification.");
        }
        if (specifications.containsKey(read.identifier() + " " + read.version())) {
            return failure("<verificationMessages><error><message>There is a specification with an identical id to [UID: "
                + text(read.identifier()) + "- Version: " + text(read.version())
                + "] already loaded into the engine.</message></error></verificationMessages>");
        }
        write("INSERT INTO specifications VALUES (?, ?, ?, ?)",
            read.identifier(), read.version(), read.uri(), read.task());
        remember(read);
        return "<upload><specifications><specificationid><identifier>" + text(read.identifier())
            + "</identifier><version>" + text(read.version()) + "</version><uri>" + text(read.uri())
            + "</uri></specificationid></specifications><verificationMessages/></upload>";
    }

    private String unload(HttpServletRequest call) throws SQLException {
        for (Specification one : specifications.values()) {
            if (one.is(call)) {
                if (cases.containsValue(one)) {
                    return failure("A case of it is running.");
                }
                write("DELETE FROM specifications WHERE identifier = ? AND version = ?", one.identifier(), one.version());
                specifications.remove(one.identifier() + " " + one.version());
                return DONE;
            }
        }
        return failure("No such specification.");
    }

    private String launch(HttpServletRequest call) throws SQLException {
        for (Specification one : specifications.values()) {
            if (one.is(call)) {
                long id = lastCase + 1;
                write("INSERT INTO cases VALUES (?, ?, ?, ?)",
                    id, one.identifier(), one.version(), call.getParameter("caseParams"));
                lastCase = id;
                cases.put(id, one);
                return Long.toString(id);
            }
        }
        return failure("No specification found with ID = " + text(call.getParameter("specidentifier")));
    }

    private String cancel(String id) throws SQLException {
        if (id == null || !id.matches("\\d{1,18}") || !cases.containsKey(Long.parseLong(id))) {
            return failure("Case [" + text(id) + "] not found.");
        }
        write("DELETE FROM cases WHERE id = ?", Long.parseLong(id));
        cases.remove(Long.parseLong(id));
        return DONE;
    }

    private String items(String id) {
        StringBuilder items = new StringBuilder();
        cases.forEach((number, one) -> {
            if (id == null || id.equals(number.toString())) {
                items.append("<workItem>").append(element("taskid", one.task())).append(element("caseid", number))
                    .append(element("uniqueid", number)).append(element("taskname", one.task()))
                    .append("<documentation/>").append(element("specidentifier", one.identifier()))
                    .append(element("specversion", one.version())).append(element("specuri", one.uri()))
                    .append(element("status", "Enabled")).append("</workItem>");
            }
        });
        return items.toString();
    }

    private String list() {
        StringBuilder list = new StringBuilder();
        for (Specification one : specifications.values()) {
            list.append("<specificationData>").append(element("uri", one.uri()))
                .append(element("specversion", one.version())).append(element("specidentifier", one.identifier()))
                .append("</specificationData>");
        }
        return list.toString();
    }

    private String running() {
        StringBuilder list = new StringBuilder();
        cases.forEach((number, one) -> list
            .append("<specificationID identifier=\"").append(text(one.identifier())).append("\" version=\"")
            .append(text(one.version())).append("\" uri=\"").append(text(one.uri())).append("\">")
            .append(element("caseID", number)).append("</specificationID>"));
        return list.length() == 0 ? "<AllRunningCases/>" : "<AllRunningCases>" + list + "</AllRunningCases>";
    }

    private void write(String statement, Object... values) throws SQLException {
        try (PreparedStatement prepared = database.prepareStatement(statement)) {
            for (int index = 0; index < values.length; index++) {
                prepared.setObject(index + 1, values[index]);
            }
            prepared.executeUpdate();
        }
        database.commit();
    }

    private static Specification parse(String document) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        Document parsed = factory.newDocumentBuilder().parse(new InputSource(new StringReader(document)));
        Element specification = first(parsed.getDocumentElement(), "specification");
        Element data = first(specification, "metaData");
        return new Specification(
            first(data, "identifier").getTextContent().strip(),
            first(data, "version").getTextContent().strip(),
            specification.getAttribute("uri"),
            first(first(specification, "inputCondition"), "nextElementRef").getAttribute("id"));
    }

    private static Element first(Element parent, String name) throws SAXException {
        NodeList found = parent.getElementsByTagNameNS("*", name);
        if (found.getLength() == 0) {
            throw new SAXException("no " + name);
        }
        return (Element) found.item(0);
    }

    private static String failure(String reason) {
        return "<failure><reason>" + reason + "</reason></failure>";
    }

    private static String element(String name, Object content) {
        return "<" + name + ">" + text(content) + "</" + name + ">";
    }

    private static String text(Object content) {
        return String.valueOf(content).replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
    }
}
