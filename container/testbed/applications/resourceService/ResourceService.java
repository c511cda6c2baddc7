package testbed;

import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

/**
 * Behaves like YAWL's resource service as far as operators can see: it has its own database session, and when that is lost
 * its gateway still responds although no work is offered. After {@code action=fail} its servlets fail, as YAWL's have
 * done.
 */
public class ResourceService extends HttpServlet {
    private volatile boolean failed;
    private Connection database;

    @Override
    public void init() throws ServletException {
        try {
            Class.forName("org.postgresql.Driver");
            database = DriverManager.getConnection(
                System.getProperty("hibernate.connection.url"),
                System.getProperty("hibernate.connection.username"),
                System.getProperty("hibernate.connection.password"));
            try (Statement statement = database.createStatement()) {
                statement.execute("SET application_name = 'resource service'");
            }
            Engine.burn(Double.parseDouble(getInitParameter("start-cpu-seconds")));
        } catch (SQLException | ClassNotFoundException error) {
            failed = true;
            log("the resource service has no database", error);
        }
        if (Boolean.parseBoolean(getInitParameter("fails-to-start"))) {
            throw new ServletException(new IllegalStateException("no jdom for the resource service"));
        }
    }

    @Override
    protected void service(HttpServletRequest call, HttpServletResponse answer) throws ServletException, IOException {
        failed |= "fail".equals(call.getParameter("action"));
        if (failed) {
            throw new ServletException("the resource service is not initialized");
        }
        answer.setContentType("text/xml;charset=UTF-8");
        answer.getWriter().write("<response><failure>Invalid or expired session.</failure></response>");
    }
}
